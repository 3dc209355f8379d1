"""The loop of attacks that try changes of the whole picture and look at logits alone."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from core.vision.attacks.base import Attack
from core.vision.attacks.task import Found, Task
from core.vision.attacks.watch import Watch
from core.vision.classifier import BATCH


class SearchAttack(Attack):
    """Each round tries changes of every image; the first that is misread ends its search.

    A change is a row of numbers; what it makes of an image is rounded to 8 bit before it is looked
    at, so nothing is lost in saving. Images that are never misread end with the change of the
    lowest loss. steps: rounds, at least 1. `Found.steps` counts rounds.
    """

    steps: int

    @property
    def rounds(self) -> int:
        """One tick a round."""
        return self.steps

    @abstractmethod
    def propose(self, task: Task, number: int, best: Tensor) -> Tensor:
        """Changes to try in round `number` (from 0), the gentlest first: (batch, tries, numbers).

        best: (batch, numbers), those of the lowest loss so far, NaN before the first round.
        """

    @abstractmethod
    def apply(self, task: Task, changes: Tensor) -> Tensor:
        """The images after one change each, (batch, numbers): (batch, 3, height, width)."""

    @torch.no_grad()
    def run(self, task: Task, watch: Watch) -> Found:
        """All rounds; solved images leave after each."""
        found = Found(task.clean.clone(), torch.zeros_like(task.labels))
        lowest = torch.full((len(task),), torch.inf, device=task.clean.device)
        best: Tensor | None = None
        rows = torch.arange(len(task), device=task.clean.device)  # still searched for
        for number in range(self.steps):
            watch.tick(
                f"round {number + 1} of {self.steps}, {len(rows)} of {len(task)} images left"
            )
            part = task.take(rows)
            tries = self.propose(part, number, _unknown(rows) if best is None else best[rows])
            if best is None:
                best = tries.new_full((len(task), tries.shape[2]), torch.nan)
            loss, solved = self._judge(part, tries)
            choice = loss.argmin(dim=1)
            better = solved | (loss.gather(1, choice[:, None])[:, 0] < lowest[rows])
            # The first that is misread, which is the gentlest, not the one misread most surely.
            hits = torch.isneginf(loss)
            choice = torch.where(solved, hits.int().argmax(dim=1), choice)
            chosen = tries[torch.arange(len(rows), device=rows.device), choice]
            kept = rows[better]
            best[kept] = chosen[better]
            lowest[kept] = loss.gather(1, choice[:, None])[better, 0]
            found.pixels[kept] = self._picture(task.take(kept), best[kept])
            found.steps[rows] += 1
            rows = rows[~solved]
            if not len(rows):
                break
        return found
