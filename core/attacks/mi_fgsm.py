"""Momentum iterative FGSM."""

from __future__ import annotations

from torch import Tensor

from core.attacks.bim import BIM
from core.attacks.task import Point, Task
from core.errors import BadInput
from core.records.attacks import AttackInfo


class MIFGSM(BIM):
    """BIM along a running sum of gradients, which carries it over small bumps of the loss.

    m_0 = 0; m_{t+1} = mu m_t + g / |g|1, g = grad_x L(x_t); x_{t+1} = P(x_t - alpha sign m_{t+1}),
    P and L as in PGD. Dong, Liao, Pang, Su, Zhu, Hu, Li: Boosting Adversarial Attacks with
    Momentum, CVPR 2018, https://arxiv.org/abs/1710.06081.

    Parameters
    ----------
    decay
        mu, at least 0.
    step_size
        None is epsilon / steps, as in the paper.
    steps, stop_when_solved
        As in `PGD`.

    Raises
    ------
    BadInput
        For a setting out of range.
    """

    info = AttackInfo(
        name="mi_fgsm",
        title="MI-FGSM",
        explanation="Takes signed steps along a running sum of gradients, which fool other models "
        "more often than plain steps.",
        formula="mₜ₊₁ = μ mₜ + g / ‖g‖₁, g = ∇ₓ CE(f(xₜ), y); xₜ₊₁ = P(xₜ + α · sign mₜ₊₁); "
        "targeted: g = - ∇ₓ CE(f(xₜ), target)",
        source="Dong, Liao, Pang, Su, Zhu, Hu, Li 2018, https://arxiv.org/abs/1710.06081",
        norm="linf",
        takes_epsilon=True,
        targeted=True,
        default_epsilon=8 / 255,
    )

    def __init__(
        self,
        *,
        steps: int = 10,
        step_size: float | None = None,
        decay: float = 1.0,
        stop_when_solved: bool = True,
    ) -> None:
        super().__init__(steps=steps, step_size=step_size, stop_when_solved=stop_when_solved)
        if not decay >= 0:
            raise BadInput(f"decay must be at least 0, got {decay}")
        self.decay = decay

    def step(self, task: Task, point: Point) -> Tensor:
        """One signed step along the momentum, which `point.memory` holds."""
        gradient = point.gradient(task.loss(point.logits))
        length = gradient.abs().sum(dim=(1, 2, 3), keepdim=True).clamp_min(1e-12)
        point.memory.mul_(self.decay).add_(gradient / length)
        return point.pixels - self.size(task) * point.memory.sign()

    def size(self, task: Task) -> float:
        """alpha: the budget is used up by the last step."""
        return self.step_size or task.epsilon / self.steps
