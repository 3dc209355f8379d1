"""Every attack: the one public call, and the one loop that variants step in.

The call checks, attacks the images that count, rounds to 8 bit and judges. A variant of
`IterativeAttack` says where to start and how to step; `RestartingAttack` and `Attack` are for those
that walk another way.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor

from core.attacks.checks import check_call, check_gradients
from core.attacks.result import AttackResult, counting, judge
from core.attacks.task import Point, Task, Walk, digests
from core.jobs import IsCancelled, Progress, Watch, in_silence, never
from core.model.classifier import Classifier
from core.model.fast import detached, fast_network
from core.records.attacks import AttackInfo

CHUNK = 32  # images attacked at once: their tensors stay near the processor; changes no result


class Attack(ABC):
    """Settings in the constructor, data in the call; subclasses write `run` and `rounds`."""

    info: ClassVar[AttackInfo]

    def __call__(
        self,
        classifier: Classifier,
        pixels: Tensor,
        labels: Tensor,
        *,
        epsilon: float | None = None,
        target: int | Tensor | None = None,
        progress: Progress = in_silence,
        cancelled: IsCancelled = never,
        trace: bool = False,
    ) -> AttackResult:
        """Attack the images that count; the others come back unchanged.

        An image counts if its 8-bit image is classified correctly and, targeted, its class is not
        the target. The classifier is left as it was found.

        Parameters
        ----------
        classifier
            The model.
        pixels
            ``(batch, 3, height, width)`` float32 in [0, 1].
        labels
            ``(batch,)`` int64, the true classes.
        epsilon
            Budget in `info.norm` for attacks that take one: linf in (0, 1], l2 up to
            sqrt(3 height width). Below 1/255 no saved image can change.
        target
            None, a class for all, or ``(batch,)`` int64.
        progress, cancelled
            Called before every step.
        trace
            Whether to keep the confidences of every step, for a few images.

        Returns
        -------
        AttackResult
            One entry an image, judged on the images that would be saved.

        Raises
        ------
        BadInput
            For pixels, labels, budget or target out of range, and for a model without gradients
            where the attack needs them.
        Cancelled
            After ``cancelled()`` was true.
        """
        pixels, labels = pixels.detach(), labels.detach()
        targets = check_call(self.info, classifier, pixels, labels, epsilon, target)
        exact = Task(
            model=detached(classifier),
            clean=pixels,
            labels=labels,
            targets=targets,
            epsilon=1.0 if epsilon is None else float(epsilon),
            keys=digests(pixels),
            norm="linf" if epsilon is None else self.info.norm,
            traces=tuple([] for _ in pixels) if trace else None,
        )
        if self.info.needs_gradients:
            check_gradients(self.info.title, exact.model, pixels[:1])
        eligible = counting(exact)
        rows = torch.split(torch.nonzero(eligible).flatten(), CHUNK)
        chunks = [chunk for chunk in rows if len(chunk)]
        watch = Watch(self.info.title, len(chunks) * self.rounds, progress, cancelled)
        # Steps go through the fast network, the verdict through the model as it is.
        stepped = replace(exact, model=fast_network(exact.model, pixels[:1]))
        walk = self._run_chunks(stepped, chunks, watch)
        return judge(self.info.name, epsilon, exact, walk, eligible)

    @property
    @abstractmethod
    def rounds(self) -> int:
        """How often `run` ticks at most."""

    @abstractmethod
    def run(self, task: Task, watch: Watch) -> Walk:
        """The attack itself, on images that count; `watch.tick` before every step."""

    def _run_chunks(self, task: Task, chunks: list[Tensor], watch: Watch) -> Walk:
        whole = Walk.at_start(task.clean)
        for number, rows in enumerate(chunks, start=1):
            part = task.take(rows)
            with torch.enable_grad():
                walk = self.run(part, watch)
            whole.pixels[rows] = part.project(walk.pixels)
            whole.steps[rows] = walk.steps
            watch.skip_to(number * self.rounds)
        return whole


class RestartingAttack(Attack):
    """`walk` from a start; again from another start for what is left.

    steps, restarts: at least 1. stop_when_solved: an image leaves the batch as soon as it is
    misclassified, before and after rounding to 8 bit; otherwise every image takes all steps and
    ends where they lead.
    """

    steps: int
    restarts: int = 1
    stop_when_solved: bool = True

    @property
    def rounds(self) -> int:
        """Steps over all restarts."""
        return self.steps * self.restarts

    @abstractmethod
    def walk(self, task: Task, restart: int, watch: Watch) -> Walk:
        """All steps from one start."""

    def settle(self, task: Task, pixels: Tensor) -> Tensor:
        """The last touch on pixels that are misclassified before rounding; none by default."""
        return pixels

    def run(self, task: Task, watch: Watch) -> Walk:
        """All restarts; each one only on the images that are not solved yet."""
        whole = Walk.at_start(task.clean)
        left = torch.arange(len(task), device=task.clean.device)
        for restart in range(self.restarts):
            walk = self.walk(task.take(left), restart, watch)
            whole.pixels[left] = walk.pixels
            whole.steps[left] += walk.steps
            if restart + 1 < self.restarts:
                left = left[~task.take(left).survives(walk.pixels)]
                if not len(left):
                    break
        return whole

    def left(self, task: Task, walk: Walk, rows: Tensor, logits: Tensor) -> Tensor:
        """Settle in `walk` what is misclassified; (rows,) bool: not so, or not once rounded."""
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
        """x_0, (batch, 3, height, width); the clean pixels by default."""
        return task.clean

    @abstractmethod
    def step(self, task: Task, point: Point) -> Tensor:
        """The pixels to go to from `point`, before projection: (batch, 3, height, width).

        `point.memory` is zero before the first step and may be changed in place.
        """

    def walk(self, task: Task, restart: int, watch: Watch) -> Walk:
        """All steps from one start."""
        walk = Walk.at_start(task.project(self.start(task, restart)))
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

    def _look(self, task: Task, walk: Walk, rows: Tensor) -> tuple[Tensor, Point | None]:
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
