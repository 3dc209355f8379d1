"""Auto-PGD on cross-entropy, and on the difference of logits ratio."""

from __future__ import annotations

import torch
from torch import Tensor

from core.attacks.apgd import APGD
from core.attacks.task import Task
from core.errors import BadInput
from core.records.attacks import AttackInfo

SOURCE = "Croce, Hein 2020, https://arxiv.org/abs/2003.01690"


class APGDCE(APGD):
    """Auto-PGD on the cross-entropy, like PGD; `APGD` has the steps and the settings.

    Croce, Hein 2020, https://arxiv.org/abs/2003.01690.
    """

    info = AttackInfo(
        name="apgd_ce",
        title="APGD-CE",
        explanation="PGD with momentum that adapts its step size.",
        formula="z = P(xₜ + η · sign ∇ₓ CE(f(xₜ), y)), xₜ₊₁ = P(xₜ + ¾ (z - xₜ) + ¼ (xₜ - xₜ₋₁)), "
        "η = 2ε, halved where progress ends",
        source=SOURCE,
        norm="linf",
        takes_epsilon=True,
        targeted=True,
        default_epsilon=8 / 255,
    )

    def loss(self, task: Task, logits: Tensor, aims: Tensor) -> Tensor:
        """-CE(logits, label), targeted CE(logits, target)."""
        return task.loss(logits)


class APGDDLR(APGD):
    """Auto-PGD on the difference of logits ratio, which no scaling of the logits can blunt.

    With z sorted as z_1 >= z_2 >= ...: DLR = -(z_y - max over i != y of z_i) / (z_1 - z_3);
    towards a class t: -(z_y - z_t) / (z_1 - (z_3 + z_4) / 2), z_4 = z_3 where there are three
    classes. Both are to be raised. See `APGD` for the steps.
    Croce, Hein 2020, https://arxiv.org/abs/2003.01690.

    Parameters
    ----------
    candidates
        0 is the first form; otherwise the second, towards each of so many of the strongest wrong
        classes of the clean image in turn, in place of `restarts`; any wrong class counts. With a
        target always the second.
    steps, restarts, seed, stop_when_solved
        As in `APGD`.

    Raises
    ------
    BadInput
        For a setting out of range, and in the call for a model of fewer than three classes.
    """

    info = AttackInfo(
        name="apgd_dlr",
        title="APGD-DLR",
        explanation="APGD on the lead of the true class relative to the other logits, for models "
        "that are too confident for cross-entropy.",
        formula="DLR = -(z_y - maxᵢ≠y zᵢ) / (z₍₁₎ - z₍₃₎); "
        "targeted: -(z_y - z_t) / (z₍₁₎ - (z₍₃₎ + z₍₄₎) / 2)",
        source=SOURCE,
        norm="linf",
        takes_epsilon=True,
        targeted=True,
        default_epsilon=8 / 255,
    )

    def __init__(
        self,
        *,
        steps: int = 100,
        restarts: int = 1,
        candidates: int = 0,
        seed: int = 0,
        stop_when_solved: bool = True,
    ) -> None:
        if candidates < 0:
            raise BadInput(f"candidates must be at least 0, got {candidates}")
        super().__init__(
            steps=steps,
            restarts=candidates or restarts,
            seed=seed,
            stop_when_solved=stop_when_solved,
        )
        self.candidates = candidates

    def loss(self, task: Task, logits: Tensor, aims: Tensor) -> Tensor:
        """-DLR, (batch,): positive while the label leads."""
        if logits.shape[1] < 3:
            raise BadInput(
                f"{self.info.title} needs a model of at least 3 classes, got {logits.shape[1]}; "
                "use apgd_ce"
            )
        ranked = logits.sort(dim=1, descending=True).values
        if task.targets is None and not self.candidates:
            return task.margin(logits) / (ranked[:, 0] - ranked[:, 2] + 1e-12)
        lead = logits.gather(1, task.labels[:, None]) - logits.gather(1, aims[:, None])
        fourth = ranked[:, min(3, logits.shape[1] - 1)]
        return lead[:, 0] / (ranked[:, 0] - (ranked[:, 2] + fourth) / 2 + 1e-12)

    def aims(self, task: Task, restart: int) -> Tensor:
        """(batch,): the target, or the wrong class whose turn it is."""
        if task.targets is not None or not self.candidates:
            return super().aims(task, restart)
        with torch.no_grad():
            logits: Tensor = task.model(task.clean)
        wrong = logits.scatter(1, task.labels[:, None], -torch.inf)
        return wrong.argsort(dim=1, descending=True)[:, restart % (logits.shape[1] - 1)]
