"""Fast gradient sign method."""

from __future__ import annotations

from torch import Tensor

from core.attacks.base import IterativeAttack
from core.attacks.task import Point, Task
from core.records.attacks import AttackInfo


class FGSM(IterativeAttack):
    """One step of length epsilon along the sign of the gradient; no settings.

    x' = clip(x - epsilon sign(grad_x L(x)), 0, 1), with L = -CE(f(x), label), targeted
    L = CE(f(x), target). Goodfellow, Shlens, Szegedy: Explaining and Harnessing Adversarial
    Examples, ICLR 2015, https://arxiv.org/abs/1412.6572.
    """

    info = AttackInfo(
        name="fgsm",
        title="FGSM",
        explanation="Moves every pixel by epsilon, up or down, whichever way the gradient points.",
        formula="x' = clip(x + ε · sign ∇ₓ CE(f(x), y), 0, 1); targeted: - ∇ₓ CE(f(x), target)",
        source="Goodfellow, Shlens, Szegedy 2015, https://arxiv.org/abs/1412.6572",
        norm="linf",
        takes_epsilon=True,
        targeted=True,
        default_epsilon=8 / 255,
    )
    steps = 1
    stop_when_solved = False

    def step(self, task: Task, point: Point) -> Tensor:
        """The whole budget at once; a pixel whose gradient is zero stays."""
        return point.pixels - task.epsilon * point.gradient(task.loss(point.logits)).sign()
