"""Carlini and Wagner: the smallest change in L2 by optimisation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.attacks.base import Attack
from core.attacks.checks import check_count, check_positive
from core.attacks.stretch import stretched
from core.attacks.task import Task, Walk
from core.errors import BadInput
from core.jobs import Watch
from core.records.attacks import AttackInfo

NEARLY_ONE = 1 - 1e-6  # atanh of black and white would be infinite


@dataclass(frozen=True)
class _Best:
    """The shortest successful change so far: pixels (batch, 3, height, width), length (batch,)."""

    pixels: Tensor
    length: Tensor


class CW(Attack):
    """The smallest change in L2, found by Adam on a variable that cannot leave [0, 1].

    x' = (tanh w + 1) / 2; min over w of |x' - x|2^2 + c f(x'),
    f = max(z_y - max over i != y of z_i + kappa, 0) for logits z,
    targeted f = max(max over i != t of z_i - z_t + kappa, 0). c begins at `constant`, grows tenfold
    until an image is misclassified and is then bisected, each image on its own.
    Carlini, Wagner: Towards Evaluating the Robustness of Neural Networks, IEEE S&P 2017,
    https://arxiv.org/abs/1608.04644.

    The result lies on a boundary, so it is stretched a little where rounding throws it back.

    Parameters
    ----------
    steps
        Of Adam for each c, at least 1.
    searches
        Values of c, at least 1.
    step_size
        Of Adam in w, above 0.
    constant
        The first c, above 0.
    confidence
        kappa, at least 0: by how much the wrong class must lead.

    Raises
    ------
    BadInput
        For a setting out of range.
    """

    info = AttackInfo(
        name="cw",
        title="C&W-L2",
        explanation="Searches for the smallest change overall: weighs its length against the lead "
        "of the true class.",
        formula="min ‖x' - x‖₂² + c · max(z_y - maxᵢ≠y zᵢ + κ, 0), x' = (tanh w + 1) / 2; "
        "targeted: max(maxᵢ≠t zᵢ - z_t + κ, 0)",
        source="Carlini, Wagner 2017, https://arxiv.org/abs/1608.04644",
        norm="l2",
        takes_epsilon=False,
        targeted=True,
        family="smallest",
    )

    def __init__(
        self,
        *,
        steps: int = 50,
        searches: int = 5,
        step_size: float = 0.02,
        constant: float = 1.0,
        confidence: float = 0.0,
    ) -> None:
        check_count("steps", steps)
        check_count("searches", searches)
        check_positive("step_size", step_size)
        check_positive("constant", constant)
        if not confidence >= 0:
            raise BadInput(f"confidence must be at least 0, got {confidence}")
        self.steps = steps
        self.searches = searches
        self.step_size = step_size
        self.constant = constant
        self.confidence = confidence

    @property
    def rounds(self) -> int:
        """Steps over all values of c."""
        return self.steps * self.searches

    def run(self, task: Task, watch: Watch) -> Walk:
        """Every c in turn; the shortest change that succeeded, stretched for rounding."""
        high = torch.full_like(task.clean[:, 0, 0, 0], torch.inf)  # (batch,)
        low, constant = torch.zeros_like(high), torch.full_like(high, self.constant)
        best = _Best(task.clean.clone(), high.clone())
        for number in range(1, self.searches + 1):
            solved = self._descend(task, constant, best, watch, f"constant {number}")
            low = torch.where(solved, low, constant)
            high = torch.where(solved, constant, high)
            constant = torch.where(high.isinf(), 10 * constant, (low + high) / 2)
        rows = torch.nonzero(best.length.isfinite()).flatten()
        if len(rows):
            best.pixels[rows] = stretched(task.take(rows), best.pixels[rows])
        return Walk(best.pixels, torch.full_like(task.labels, self.rounds))

    def _descend(
        self, task: Task, constant: Tensor, best: _Best, watch: Watch, text: str
    ) -> Tensor:
        """All steps for `constant` (batch,), shorter changes into `best`; (batch,) bool: success.

        With u = tanh w the gradient in w is (2 (x' - x) + c grad_x' f) (1 - u^2) / 2.
        """
        w = torch.atanh((2 * task.clean - 1) * NEARLY_ONE)
        adam = torch.optim.Adam([w], lr=self.step_size)
        ever = torch.zeros_like(task.labels, dtype=torch.bool)
        for number in range(1, self.steps + 1):
            watch.tick(f"{text} of {self.searches}, step {number} of {self.steps}")
            u = torch.tanh(w)
            point = task.at((u + 1) / 2)
            task.trace(point.logits)
            change = point.pixels - task.clean
            length = change.flatten(start_dim=1).norm(dim=1)
            margin = task.margin(point.logits) + self.confidence
            solved = task.reached(point.logits) & (margin.detach() <= 0)
            shorter = solved & (length < best.length)
            best.pixels[shorter], best.length[shorter] = point.pixels[shorter], length[shorter]
            ever |= solved
            push = point.gradient(constant * margin.clamp_min(0))
            w.grad = (2 * change + push) * (1 - u**2) / 2
            adam.step()
        return ever
