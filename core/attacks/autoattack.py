"""Three different attacks in turn, so that no single blind spot decides."""

from __future__ import annotations

import torch

from core.attacks.apgd_losses import APGDCE, APGDDLR
from core.attacks.base import Attack, RestartingAttack
from core.attacks.checks import check_count
from core.attacks.square import Square
from core.attacks.task import Task, Walk
from core.jobs import Watch
from core.records.attacks import AttackInfo


class AutoAttackLite(Attack):
    """APGD-CE, APGD-DLR towards the strongest wrong classes and Square, each on what is left.

    The standard AutoAttack with fewer steps and classes and without FAB, so its success is a lower
    bound of that one's. Croce, Hein: Reliable Evaluation of Adversarial Robustness with an Ensemble
    of Diverse Parameter-free Attacks, ICML 2020, https://arxiv.org/abs/2003.01690.

    Parameters
    ----------
    steps
        Of each APGD run, at least 1.
    candidates
        Wrong classes that APGD-DLR aims at, with a target its random starts, at least 1.
    queries
        Of Square, at least 1.
    seed
        Of all draws.

    Raises
    ------
    BadInput
        For a setting out of range.
    """

    info = AttackInfo(
        name="autoattack",
        title="AutoAttack-lite",
        explanation="Runs APGD-CE, APGD-DLR and Square in turn, each on the images that are still "
        "classified correctly.",
        formula="APGD-CE, then APGD-DLR to each strong wrong class, then Square; "
        "each on what is left",
        source="Croce, Hein 2020, https://arxiv.org/abs/2003.01690",
        norm="linf",
        takes_epsilon=True,
        targeted=True,
        default_epsilon=8 / 255,
    )

    def __init__(
        self, *, steps: int = 50, candidates: int = 3, queries: int = 500, seed: int = 0
    ) -> None:
        check_count("candidates", candidates)
        check_count("queries", queries)
        self.steps = steps
        self.candidates = candidates
        self.queries = queries
        self.seed = seed
        self._stages: tuple[RestartingAttack, ...] = (
            APGDCE(steps=steps, seed=seed),
            APGDDLR(steps=steps, candidates=candidates, seed=seed),
            Square(steps=queries, seed=seed),
        )

    @property
    def rounds(self) -> int:
        """Steps over all stages."""
        return sum(stage.rounds for stage in self._stages)

    def run(self, task: Task, watch: Watch) -> Walk:
        """Every stage on the examples that no stage before solved."""
        whole = Walk.at_start(task.clean)
        left = torch.arange(len(task), device=task.clean.device)
        end = watch.done
        for stage in self._stages:
            result = stage.run(task.take(left), watch)
            whole.pixels[left] = result.pixels
            whole.steps[left] += result.steps
            left = left[~task.take(left).survives(result.pixels)]
            end += stage.rounds
            watch.skip_to(end)
            if not len(left):
                break
        return whole
