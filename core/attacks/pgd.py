"""Projected gradient descent inside an L-infinity ball."""

from __future__ import annotations

from torch import Tensor

from core.attacks.base import IterativeAttack
from core.attacks.checks import check_count, check_positive
from core.attacks.task import Point, Task
from core.records.attacks import AttackInfo


class PGD(IterativeAttack):
    """Signed gradient steps from a random start, projected on the budget after each.

    x_0 = x + U(-epsilon, epsilon); x_{t+1} = P(x_t - alpha sign(grad_x L(x_t))), where P is the
    nearest point within epsilon of x and within [0, 1], L = -CE(f(x), label), targeted
    L = CE(f(x), target). Madry, Makelov, Schmidt, Tsipras, Vladu: Towards Deep Learning Models
    Resistant to Adversarial Attacks, ICLR 2018, https://arxiv.org/abs/1706.06083.

    Parameters
    ----------
    steps
        At least 1.
    step_size
        alpha in pixels of [0, 1]; None is the larger of epsilon / 4 and 2.5 epsilon / steps.
    restarts
        Random starts at most, each only for images that are not solved yet.
    seed
        Of the random starts.
    stop_when_solved
        False takes all steps with every image, at a known cost and with a higher confidence in
        the wrong class.

    Raises
    ------
    BadInput
        For a setting out of range.
    """

    info = AttackInfo(
        name="pgd",
        title="PGD",
        explanation="Changes the image in many small steps, never beyond the budget.",
        formula="xₜ₊₁ = P(xₜ + α · sign ∇ₓ CE(f(xₜ), y)), x₀ = x + U(-ε, ε); "
        "targeted: - ∇ₓ CE(f(xₜ), target)",
        source="Madry, Makelov, Schmidt, Tsipras, Vladu 2018, https://arxiv.org/abs/1706.06083",
        norm="linf",
        takes_epsilon=True,
        targeted=True,
        default_epsilon=8 / 255,
    )

    def __init__(
        self,
        *,
        steps: int = 40,
        step_size: float | None = None,
        restarts: int = 1,
        seed: int = 0,
        stop_when_solved: bool = True,
    ) -> None:
        check_count("steps", steps)
        check_count("restarts", restarts)
        if step_size is not None:
            check_positive("step_size", step_size)
        self.steps = steps
        self.step_size = step_size
        self.restarts = restarts
        self.seed = seed
        self.stop_when_solved = stop_when_solved

    def start(self, task: Task, restart: int) -> Tensor:
        """Uniform in the epsilon ball, drawn for each image."""
        return task.clean + task.epsilon * (2 * task.uniform(self.seed, restart) - 1)

    def step(self, task: Task, point: Point) -> Tensor:
        """One signed step of the step size."""
        return point.pixels - self.size(task) * point.gradient(task.loss(point.logits)).sign()

    def size(self, task: Task) -> float:
        """alpha, in the norm of the budget."""
        return self.step_size or task.epsilon * max(1 / 4, 2.5 / self.steps)
