"""A shadow that falls over the sign."""

from __future__ import annotations

import torch
from torch import Tensor

from core.attacks.checks import check_count
from core.attacks.lab_colour import scale_lightness
from core.attacks.search import SearchAttack
from core.attacks.task import Task
from core.errors import BadInput
from core.records.attacks import AttackInfo

RADIUS = 0.4  # of the middle that counts as the sign, in sides of the image
SPREAD = 0.25  # of the first move away from the best corners, in sides of the image


class Shadow(SearchAttack):
    """Darkens a triangle of the sign, and searches for the triangle that is misclassified.

    x' = LAB^-1(k L, a, b) inside the triangle and within the middle of the image (a disc of
    radius 0.4 sides), x elsewhere. Half of the triangles of a round are drawn anew, half are the
    best one so far with its corners moved, ever less far. Zhong, Liu, Zhai, Jiang, Ji: Shadows can
    be Dangerous, CVPR 2022, https://arxiv.org/abs/2203.03818, where a particle swarm moves them.

    Parameters
    ----------
    steps
        Rounds, at least 1.
    tries
        Triangles in each round, at least 2.
    lightness
        k in (0, 1); 0.43 as the authors measured it under trees and poles.
    seed
        Of the triangles.

    Raises
    ------
    BadInput
        For a setting out of range.
    """

    info = AttackInfo(
        name="shadow",
        title="Shadow",
        explanation="Puts a triangular shadow on the sign where it misleads most.",
        formula="x' = LAB⁻¹(0.43 · L, a, b) inside a triangle on the sign, which is searched for",
        source="Zhong, Liu, Zhai, Jiang, Ji 2022, https://arxiv.org/abs/2203.03818",
        norm="area",
        takes_epsilon=False,
        targeted=True,
        family="physical",
        needs_gradients=False,
    )
    numbers = 6  # x and y of three corners, 0 at the left and upper edge, 1 at the other

    def __init__(
        self, *, steps: int = 25, tries: int = 16, lightness: float = 0.43, seed: int = 0
    ) -> None:
        check_count("steps", steps)
        if tries < 2:
            raise BadInput(f"tries must be at least 2, got {tries}")
        if not 0 < lightness < 1:
            raise BadInput(f"lightness must lie in (0, 1), got {lightness}")
        self.steps = steps
        self.tries = tries
        self.lightness = lightness
        self.seed = seed

    def propose(self, task: Task, number: int, best: Tensor) -> Tensor:
        """Triangles in the square around the sign, half of them near the best one."""
        draws = task.uniform(self.seed, number, shape=(self.tries, self.numbers))
        corners = 0.5 + 2 * RADIUS * (draws - 0.5)
        if number:
            half = self.tries // 2
            reach = SPREAD * (1 - number / self.steps)
            corners[:, :half] = best[:, None] + 2 * reach * (draws[:, :half] - 0.5)
        return corners

    def apply(self, task: Task, changes: Tensor) -> Tensor:
        """The image, darkened where the shadow falls."""
        inside = shadowed(changes.view(-1, 3, 2), *task.clean.shape[-2:])
        return torch.where(inside, scale_lightness(task.clean, self.lightness), task.clean)


def shadowed(triangles: Tensor, height: int, width: int) -> Tensor:
    """Pixels whose middle lies in the triangle (batch, 3, 2) and on the sign.

    Returns (batch, 1, height, width) bool.
    """
    y, x = torch.meshgrid(
        (torch.arange(height, device=triangles.device) + 0.5) / height,
        (torch.arange(width, device=triangles.device) + 0.5) / width,
        indexing="ij",
    )
    sides = []
    for corner in range(3):
        x0, y0 = triangles[:, corner, :, None, None].unbind(dim=1)
        x1, y1 = triangles[:, (corner + 1) % 3, :, None, None].unbind(dim=1)
        sides.append((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0))
    side = torch.stack(sides, dim=1)  # (batch, 3, height, width): left or right of each edge
    inside = (side > 0).all(dim=1) | (side < 0).all(dim=1)
    sign = (x - 0.5).square() + (y - 0.5).square() <= RADIUS**2
    return (inside & sign)[:, None]
