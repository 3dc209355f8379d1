"""The loop of attacks that try changes of the whole image and look at logits alone."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from core.attacks.base import Attack
from core.attacks.task import Task, Walk
from core.jobs import Watch
from core.model.classifier import BATCH

SUCCESS = -1e9  # a score below every loss


class SearchAttack(Attack):
    """Each round tries changes of every image; the first success ends its search.

    A change is a row of `numbers`; what it makes of an image is rounded to 8 bit before it is
    looked at, so that saving loses nothing. Images without success end with the change of
    the lowest loss. steps: rounds, at least 1, and what `Walk.steps` counts.
    """

    numbers: ClassVar[int]
    steps: int

    @property
    def rounds(self) -> int:
        """One tick a round."""
        return self.steps

    @abstractmethod
    def propose(self, task: Task, number: int, best: Tensor) -> Tensor:
        """Changes to try in round `number`, from 0: (batch, tries, numbers), the gentlest first.

        best: (batch, numbers), those of the lowest loss so far; zeros before the first round.
        """

    @abstractmethod
    def apply(self, task: Task, changes: Tensor) -> Tensor:
        """Each image after its own change, (batch, numbers): (batch, 3, height, width)."""

    @torch.no_grad()
    def run(self, task: Task, watch: Watch) -> Walk:
        """All rounds; solved images leave after each."""
        whole = Walk.at_start(task.clean)
        best = task.clean.new_zeros(len(task), self.numbers)
        lowest = task.clean.new_full((len(task),), torch.inf)
        rows = torch.arange(len(task), device=task.clean.device)  # still searched for
        if task.traces is not None:
            task.trace(task.model(task.clean))
        for number in range(self.steps):
            watch.tick(
                f"round {number + 1} of {self.steps}, {len(rows)} of {len(task)} images left"
            )
            part = task.take(rows)
            tries = self.propose(part, number, best[rows])
            scores, logits = self._look(part, tries)
            score, choice = scores.min(dim=1)
            each = torch.arange(len(rows), device=rows.device)
            part.trace(logits[each, choice])
            better = (score < lowest[rows])[:, None]
            best[rows] = torch.where(better, tries[each, choice], best[rows])
            lowest[rows] = score.minimum(lowest[rows])
            whole.steps[rows] += 1
            rows = rows[score > SUCCESS / 2]
            if not len(rows):
                break
        for places in torch.split(torch.arange(len(task), device=best.device), BATCH):
            whole.pixels[places] = self._image(task.take(places), best[places])
        return whole

    def _look(self, task: Task, tries: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (batch, tries) and logits (batch, tries, classes).

        A score is the loss; far below every loss, and rising, where it succeeds.
        """
        batch, count, _ = tries.shape
        scores, logits = [], []
        for places in torch.split(torch.arange(batch * count, device=tries.device), BATCH):
            part = task.take(places // count)
            seen = task.model(self._image(part, tries.flatten(end_dim=1)[places]))
            early = SUCCESS + 1000.0 * (places % count)
            scores.append(torch.where(part.reached(seen), early, part.loss(seen)))
            logits.append(seen)
        return torch.cat(scores).view(batch, count), torch.cat(logits).view(batch, count, -1)

    def _image(self, task: Task, changes: Tensor) -> Tensor:
        return task.saved(self.apply(task, changes))
