"""Rotation and translation: what a tilted or badly framed camera does to a sign."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor

from core.attacks.checks import check_count
from core.attacks.geometry import moved
from core.attacks.search import SearchAttack
from core.attacks.task import Task
from core.errors import BadInput
from core.records.attacks import AttackInfo

SHIFTS = 5  # to each side and back, in both directions


class Spatial(SearchAttack):
    """Turns and shifts the image, over a grid, from the gentlest change to the hardest.

    x' = T(x; angle, dx, dy): every pixel p of x' is x at R(angle) p + (dx, dy), bilinear; what
    would come from outside repeats the edge. The grid has all angles from -max_angle to max_angle
    in `angles` equal steps, and five shifts from -max_shift to max_shift in each direction.
    Engstrom, Tran, Tsipras, Schmidt, Madry: Exploring the Landscape of Spatial Robustness,
    ICML 2019, https://arxiv.org/abs/1712.02779. The paper pads with black; a camera does not.

    Parameters
    ----------
    max_angle
        Degrees in (0, 180].
    max_shift
        Share of the image's side in (0, 0.5].
    angles
        Steps from end to end, at least 1.
    steps
        Rounds that the grid is divided into, at least 1.

    Raises
    ------
    BadInput
        For a setting out of range.
    """

    info = AttackInfo(
        name="spatial",
        title="Rotation and shift",
        explanation="Tilts the image by up to 30 degrees and shifts it by up to a tenth, as a "
        "camera at another angle would.",
        formula="x'(p) = x(R(θ) p + t), |θ| ≤ 30°, |t| ≤ 0.1; every (θ, t) of a grid is tried",
        source="Engstrom, Tran, Tsipras, Schmidt, Madry 2019, https://arxiv.org/abs/1712.02779",
        norm="none",
        takes_epsilon=False,
        targeted=True,
        family="physical",
        needs_gradients=False,
    )
    numbers = 3  # angle in degrees, shifts right and down as shares of the side

    def __init__(
        self, *, steps: int = 13, max_angle: float = 30.0, max_shift: float = 0.1, angles: int = 12
    ) -> None:
        check_count("steps", steps)
        check_count("angles", angles)
        if not 0 < max_angle <= 180:
            raise BadInput(f"max_angle must lie in (0, 180] degrees, got {max_angle}")
        if not 0 < max_shift <= 0.5:
            raise BadInput(f"max_shift must lie in (0, 0.5] of the side, got {max_shift}")
        self.steps = steps
        self.max_angle = max_angle
        self.max_shift = max_shift
        self.angles = angles

    def propose(self, task: Task, number: int, best: Tensor) -> Tensor:
        """The next part of the grid, the same for every image."""
        grid = self.grid().to(task.clean)
        size = math.ceil(len(grid) / self.steps)
        part = grid[number * size : (number + 1) * size]
        # With more rounds than changes the last ones only repeat the hardest.
        return (part if len(part) else grid[-1:]).expand(len(task), -1, -1)

    def apply(self, task: Task, changes: Tensor) -> Tensor:
        """Turned and shifted."""
        return moved(task.clean, *changes.unbind(dim=1))

    def grid(self) -> Tensor:
        """All changes but none at all, the gentlest first: (changes, 3)."""
        angles = [self.max_angle * (2 * k / self.angles - 1) for k in range(self.angles + 1)]
        shifts = [self.max_shift * (2 * k / (SHIFTS - 1) - 1) for k in range(SHIFTS)]
        changes = [c for c in itertools.product(angles, shifts, shifts) if any(c)]
        changes.sort(key=self._size)
        return torch.tensor(changes)

    def _size(self, change: tuple[float, float, float]) -> float:
        angle, right, down = change
        return abs(angle) / self.max_angle + math.hypot(right, down) / self.max_shift
