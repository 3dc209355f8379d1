"""Basic iterative method: PGD without a random start."""

from __future__ import annotations

from torch import Tensor

from core.attacks.pgd import PGD
from core.attacks.task import Task
from core.records.attacks import AttackInfo


class BIM(PGD):
    """Signed gradient steps from the image itself, projected on the budget after each.

    x_0 = x; x_{t+1} = P(x_t - alpha sign(grad_x L(x_t))), P and L as in PGD. Kurakin, Goodfellow,
    Bengio: Adversarial Examples in the Physical World, 2016, https://arxiv.org/abs/1607.02533.

    Parameters
    ----------
    steps, step_size, stop_when_solved
        As in `PGD`.

    Raises
    ------
    BadInput
        For a setting out of range.
    """

    info = AttackInfo(
        name="bim",
        title="BIM",
        explanation="Repeats FGSM in small steps from the image itself, without randomness.",
        formula="xₜ₊₁ = P(xₜ + α · sign ∇ₓ CE(f(xₜ), y)), x₀ = x; targeted: - ∇ₓ CE(f(xₜ), target)",
        source="Kurakin, Goodfellow, Bengio 2016, https://arxiv.org/abs/1607.02533",
        norm="linf",
        takes_epsilon=True,
        targeted=True,
        default_epsilon=8 / 255,
    )

    def __init__(
        self, *, steps: int = 40, step_size: float | None = None, stop_when_solved: bool = True
    ) -> None:
        super().__init__(steps=steps, step_size=step_size, stop_when_solved=stop_when_solved)

    def start(self, task: Task, restart: int) -> Tensor:
        """The clean pixels."""
        return task.clean
