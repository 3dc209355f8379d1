"""Projected gradient descent inside an L2 ball."""

from __future__ import annotations

import torch
from torch import Tensor

from core.attacks.budget import norm_of
from core.attacks.pgd import PGD
from core.attacks.task import Point, Task
from core.records.attacks import AttackInfo


class PGDL2(PGD):
    """Steps along the gradient itself, projected on an L2 ball after each.

    x_0 = x + epsilon U^(1/n) v, v uniform on the unit sphere of the n values;
    x_{t+1} = P(x_t - alpha g / |g|2), g = grad_x L(x_t), where P shortens the change to epsilon and
    clips to [0, 1]; L as in PGD. Madry, Makelov, Schmidt, Tsipras, Vladu: Towards Deep Learning
    Models Resistant to Adversarial Attacks, ICLR 2018, https://arxiv.org/abs/1706.06083.

    epsilon is the length of the whole change, so the same number means less for a larger image.
    Settings as in `PGD`.
    """

    info = AttackInfo(
        name="pgd_l2",
        title="PGD-L2",
        explanation="Changes the image in many small steps, most where it helps most, never beyond "
        "the budget for the whole change.",
        formula="xₜ₊₁ = P(xₜ + α · g / ‖g‖₂), g = ∇ₓ CE(f(xₜ), y), ‖x' - x‖₂ ≤ ε; "
        "targeted: - ∇ₓ CE(f(xₜ), target)",
        source="Madry, Makelov, Schmidt, Tsipras, Vladu 2018, https://arxiv.org/abs/1706.06083",
        norm="l2",
        takes_epsilon=True,
        targeted=True,
        default_epsilon=0.5,
    )

    def start(self, task: Task, restart: int) -> Tensor:
        """Uniform in the ball, drawn for each image."""
        centred = 2 * task.uniform(self.seed, restart, 0) - 1
        normal = torch.erfinv(centred.clamp(-1 + 1e-6, 1 - 1e-6))
        radius = task.uniform(self.seed, restart, 1, shape=(1, 1, 1)) ** (1 / normal[0].numel())
        return task.clean + task.epsilon * radius * normal / norm_of(normal)

    def step(self, task: Task, point: Point) -> Tensor:
        """One step of the step size along the gradient."""
        gradient = point.gradient(task.loss(point.logits))
        return point.pixels - self.size(task) * gradient / norm_of(gradient)
