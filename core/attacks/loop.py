"""The loop that gradient attacks share; a variant says where to start and how to step."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

import torch
from torch import Tensor

from core.attacks.base import Attack
from core.attacks.task import Found, Point, Task
from core.jobs import Watch


class RestartingAttack(Attack):
    """`walk` from a start; again from another start for what is left.

    steps, restarts: at least 1. stop_when_solved: an example leaves the batch as soon as it is
    misread, before and after rounding to 8 bit; otherwise every example takes all steps and ends
    where they lead.
    """

    steps: int
    restarts: int = 1
    stop_when_solved: bool = True

    @property
    def rounds(self) -> int:
        """Steps over all restarts."""
        return self.steps * self.restarts

    @abstractmethod
    def walk(self, task: Task, restart: int, watch: Watch) -> Found:
        """All steps from one start."""

    def settle(self, task: Task, pixels: Tensor) -> Tensor:
        """The last touch on pixels that are misread before rounding; none unless overridden."""
        return pixels

    def run(self, task: Task, watch: Watch) -> Found:
        """All restarts; each one only on the examples that are not solved yet."""
        found = Found(task.clean.clone(), torch.zeros_like(task.labels))
        left = torch.arange(len(task), device=task.clean.device)
        for restart in range(self.restarts):
            walk = self.walk(task.take(left), restart, watch)
            found.pixels[left] = walk.pixels
            found.steps[left] += walk.steps
            if restart + 1 < self.restarts:
                left = left[~task.take(left).survives(walk.pixels)]
                if not len(left):
                    break
        return found

    def left(self, task: Task, walk: Found, rows: Tensor, logits: Tensor) -> Tensor:
        """Settle in `walk` what is misread; (rows,) bool: those that are not, or not rounded."""
        left = ~task.take(rows).reached(logits)
        candidates = torch.nonzero(~left).flatten()
        if len(candidates):
            part = task.take(rows[candidates])
            settled = self.settle(part, walk.pixels[rows[candidates]])
            survived = part.survives(settled)
            walk.pixels[rows[candidates[survived]]] = settled[survived]
            left[candidates[~survived]] = True
        return left


class IterativeAttack(RestartingAttack):
    """x_0 = start, x_{t+1} = project(step(x_t))."""

    def start(self, task: Task, restart: int) -> Tensor:
        """x_0, (batch, 3, height, width); the clean pixels unless overridden."""
        return task.clean

    @abstractmethod
    def step(self, task: Task, point: Point) -> Tensor:
        """The pixels to go to from `point`, before projection: (batch, 3, height, width).

        `point.memory` is zero before the first step and may be changed in place.
        """

    def walk(self, task: Task, restart: int, watch: Watch) -> Found:
        """All steps from one start."""
        walk = Found(task.project(self.start(task, restart)), torch.zeros_like(task.labels))
        rows = torch.arange(len(task), device=task.clean.device)  # still under way
        memory = torch.zeros_like(task.clean)
        for number in range(1, self.steps + 1):
            watch.tick(f"step {number} of {self.steps}, {len(rows)} of {len(task)} images left")
            rows, point = self._look(task, walk, rows)
            if point is None:
                return walk
            part, point = task.take(rows), replace(point, memory=memory[rows])
            walk.pixels[rows] = part.project(self.step(part, point))
            memory[rows] = point.memory
            walk.steps[rows] += 1
        if self.stop_when_solved or task.traces is not None:
            self._look(task, walk, rows)
        return walk

    def _look(self, task: Task, walk: Found, rows: Tensor) -> tuple[Tensor, Point | None]:
        """Where `rows` stand, after those that are solved have left; None if all have."""
        part = task.take(rows)
        point = part.at(walk.pixels[rows])
        part.trace(point.logits)
        if not self.stop_when_solved:
            return rows, point
        left = self.left(task, walk, rows, point.logits)
        if 2 * int(left.sum()) >= len(rows):
            return rows[left], point.take(left)
        # Cheaper to look again than to carry the many that left through the backward pass.
        rows = rows[left]
        return rows, task.take(rows).at(walk.pixels[rows]) if len(rows) else None
