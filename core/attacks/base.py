"""The one public call of every attack: check, run, round to 8 bit, judge."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor

from core.attacks.budget import Norm
from core.attacks.checks import (
    check_classes,
    check_epsilon,
    check_gradients,
    check_pixels,
    read_target,
)
from core.attacks.result import AttackResult, counting, judge
from core.attacks.task import Found, Task, digests
from core.errors import BadInput
from core.jobs import Progress, Watch, in_silence, never
from core.model.classifier import Classifier
from core.model.fast import frozen, swift

CHUNK = 32  # images attacked at once: their tensors stay near the processor; changes no result


@dataclass(frozen=True)
class AttackInfo:
    """What a page, the command line and the docs tell about an attack.

    name: key in `ATTACKS`; explanation: one sentence; source: the paper; norm: how the change is
    measured; takes_epsilon: whether a budget is given in the call; targeted: whether it can aim;
    family: strongest within a budget, smallest change that works, or what happens to real signs;
    needs_gradients: whether it needs more than logits; default_epsilon: a usual budget.
    """

    name: str
    title: str
    explanation: str
    formula: str
    source: str
    norm: Norm
    takes_epsilon: bool
    targeted: bool
    family: Literal["budget", "smallest", "physical"] = "budget"
    needs_gradients: bool = True
    default_epsilon: float | None = None


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
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
        trace: bool = False,
    ) -> AttackResult:
        """Attack the images that count; the others come back unchanged.

        pixels: (batch, 3, height, width) float32 in [0, 1]; labels: (batch,) int64 true classes;
        epsilon: budget in `info.norm` for attacks that take one, linf in (0, 1], l2 up to
        sqrt(3 height width); below 1/255 no saved image can change; target: None, a class for
        all, or (batch,) int64; progress(done, total, text) and cancelled() are called before every
        step; trace: keep the confidences of every step, for a few images.

        An image counts if its 8-bit image is read correctly and, targeted, its class is not the
        target. The classifier is left as it was found. Raises BadInput, and Cancelled after
        cancelled() was true.
        """
        pixels, labels = pixels.detach(), labels.detach()
        targets = self._check(classifier, pixels, labels, epsilon, target)
        exact = Task(
            model=frozen(classifier),
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
        chunks = [
            rows for rows in torch.split(torch.nonzero(eligible).flatten(), CHUNK) if len(rows)
        ]
        watch = Watch(
            self.info.title, len(chunks) * self.rounds, progress or in_silence, cancelled or never
        )
        # Steps go through the faster form, the verdict through the model as it is.
        found = self._run_chunks(
            replace(exact, model=swift(exact.model, pixels[:1])), chunks, watch
        )
        return judge(self.info.name, epsilon, exact, found, eligible)

    @property
    @abstractmethod
    def rounds(self) -> int:
        """How often `run` ticks at most."""

    @abstractmethod
    def run(self, task: Task, watch: Watch) -> Found:
        """The attack itself, on images that count; `watch.tick` before every step."""

    def _check(
        self,
        classifier: Classifier,
        pixels: Tensor,
        labels: Tensor,
        epsilon: float | None,
        target: int | Tensor | None,
    ) -> Tensor | None:
        check_pixels(pixels)
        check_classes("labels", labels, len(pixels), classifier.classes)
        check_epsilon(
            self.info.title,
            self.info.takes_epsilon,
            epsilon,
            self.info.norm,
            pixels[0].numel(),
        )
        if target is not None and not self.info.targeted:
            raise BadInput(
                f"{self.info.title} has no targeted form; leave target out, got {target}"
            )
        return read_target(target, len(pixels), classifier.classes, pixels.device)

    def _run_chunks(self, task: Task, chunks: list[Tensor], watch: Watch) -> Found:
        found = Found(task.clean.clone(), torch.zeros_like(task.labels))
        for number, rows in enumerate(chunks, start=1):
            part = task.take(rows)
            with torch.enable_grad():
                result = self.run(part, watch)
            found.pixels[rows] = part.project(result.pixels)
            found.steps[rows] = result.steps
            watch.skip_to(number * self.rounds)
        return found
