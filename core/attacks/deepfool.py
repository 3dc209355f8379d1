"""DeepFool: the smallest step over the nearest linearised boundary."""

from __future__ import annotations

import torch
from torch import Tensor

from core.attacks.base import IterativeAttack
from core.attacks.checks import check_count, check_positive
from core.attacks.stretch import stretched
from core.attacks.task import Point, Task
from core.records.attacks import AttackInfo

PUSH = 1e-4  # beyond the boundary in pixels of [0, 1], so that a step never ends on it


class DeepFool(IterativeAttack):
    """Step by step over the nearest linearised boundary, in L2, without a budget.

    With f the logits, y the label and r the sum of the steps so far:
    step_k = (|f_k - f_y| / |w_k|^2) w_k, w_k = grad_x (f_k - f_y); the shortest of the
    `candidates` strongest wrong classes is taken, and x' = clip(x + (1 + overshoot) r, 0, 1).
    Targeted, the only class k is the target, and y the strongest of the others.
    Moosavi-Dezfooli, Fawzi, Frossard: DeepFool, CVPR 2016, https://arxiv.org/abs/1511.04599.

    The result lies just beyond a boundary, and rounding to 8 bit may throw it back. So it is
    judged on the 8-bit image: where `x'` is misclassified and its rounded image is not, the
    overshoot is doubled (0.02, 0.04, ...) until both are, up to at most
    `stretch.MAX_OVERSHOOT`; where this fails the steps go on. Very small changes therefore come
    out larger than in the paper: no image file could hold them.

    Parameters
    ----------
    steps
        At least 1.
    overshoot
        Above 0.
    candidates
        Wrong classes to aim at, at least 1; as many as there are if that is less.

    Raises
    ------
    BadInput
        For a setting out of range.
    """

    info = AttackInfo(
        name="deepfool",
        title="DeepFool",
        explanation="Takes the shortest way over the nearest boundary between two classes.",
        formula="x' = x + (1 + η) Σ r, r = |fₖ - f_y| / ‖wₖ‖² · wₖ, wₖ = ∇ₓ(fₖ - f_y), "
        "k the nearest class; targeted: k the target",
        source="Moosavi-Dezfooli, Fawzi, Frossard 2016, https://arxiv.org/abs/1511.04599",
        norm="l2",
        takes_epsilon=False,
        targeted=True,
        family="smallest",
    )

    def __init__(self, *, steps: int = 100, overshoot: float = 0.02, candidates: int = 10) -> None:
        check_count("steps", steps)
        check_positive("overshoot", overshoot)
        check_count("candidates", candidates)
        self.steps = steps
        self.overshoot = overshoot
        self.candidates = candidates

    def step(self, task: Task, point: Point) -> Tensor:
        """The steps so far and the next one, stretched together by the overshoot."""
        so_far = (point.pixels - task.clean) / (1 + self.overshoot)
        return task.clean + (1 + self.overshoot) * (so_far + self._shortest(task, point))

    def settle(self, task: Task, pixels: Tensor) -> Tensor:
        """Pixels with the smallest overshoot whose 8-bit images are misclassified."""
        return stretched(task, pixels, self.overshoot)

    def _shortest(self, task: Task, point: Point) -> Tensor:
        """(batch, 3, height, width): the shortest step over the boundaries in question."""
        own, others = self._classes(task, point.logits.detach())
        ways = [_to_boundary(point, own, other) for other in others.unbind(dim=1)]
        nearest = torch.stack([length for _, length in ways]).argmin(dim=0)
        return torch.stack([step for step, _ in ways])[
            nearest, torch.arange(len(nearest), device=nearest.device)
        ]

    def _classes(self, task: Task, logits: Tensor) -> tuple[Tensor, Tensor]:
        """The class to leave, (batch,), and those to reach, (batch, candidates)."""
        barred = task.labels if task.targets is None else task.targets
        ranked = logits.scatter(1, barred[:, None], -torch.inf)
        if task.targets is not None:
            return ranked.argmax(dim=1), task.targets[:, None]
        count = min(self.candidates, logits.shape[1] - 1)
        return task.labels, ranked.topk(count, dim=1).indices


def _to_boundary(point: Point, own: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """To where the linearised logits of `own` and `other` are equal, and a push on.

    Returns the step (batch, 3, height, width) and its length (batch,).
    """
    margin = (point.logits.gather(1, other[:, None]) - point.logits.gather(1, own[:, None]))[:, 0]
    gradient = point.gradient(margin, last=False)
    norm = gradient.flatten(start_dim=1).norm(dim=1) + 1e-12
    length = margin.detach().abs() / norm + PUSH
    return (length / norm)[:, None, None, None] * gradient, length
