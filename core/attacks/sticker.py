"""A sticker on the sign, made to work from other angles and in other light."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from core.attacks.base import IterativeAttack
from core.attacks.checks import check_count
from core.attacks.geometry import moved
from core.attacks.task import Point, Task, Walk
from core.errors import BadInput
from core.jobs import Watch
from core.records.attacks import AttackInfo

EDGE = 0.1  # of each side: the sticker keeps this far from the edge, on the sign
MAX_ANGLE, MAX_SHIFT, MAX_LIGHT = 10.0, 0.05, 0.15  # degrees; shares of the side; of full light


@dataclass(frozen=True)
class StickerTask(Task):
    """A task in which only the pixels under the sticker may change.

    masks: (batch, 1, height, width), 1 under the sticker; views: (batch, views, 4), from which each
    image must be misclassified, too, before it counts as solved.
    """

    masks: Tensor = field(default_factory=lambda: torch.empty(0))
    views: Tensor = field(default_factory=lambda: torch.empty(0))

    def take(self, rows: Tensor) -> StickerTask:
        """The examples of `rows`, each with its sticker."""
        return replace(
            cast(StickerTask, super().take(rows)), masks=self.masks[rows], views=self.views[rows]
        )

    def project(self, pixels: Tensor) -> Tensor:
        """The clean pixels beside the sticker, and [0, 1] under it."""
        return torch.where(self.masks > 0, pixels, self.clean).clamp(0, 1)

    def survives(self, pixels: Tensor) -> Tensor:
        """Misclassified as saved, and from every view."""
        survived = super().survives(pixels)
        with torch.no_grad():
            for view in self.views.unbind(dim=1):
                survived &= self.reached(self.model(seen(pixels, view)))
        return survived


class Sticker(IterativeAttack):
    """Paints a square on the sign, by signed gradient steps on the mean over random views.

    x' = (1 - m) x + m s, s <- clip(s - alpha sign(grad_s E_t L(t(x'))), 0, 1): m the square, t a
    view of the whole image, turned by up to 10 degrees, shifted by up to 5 % and lit by up to
    15 % more or less. The square lies where the gradient is strongest on the sign. An image counts
    as solved once it is misclassified as it is and from four views that the steps did not draw.
    Athalye, Engstrom, Ilyas, Kwok: Synthesizing Robust Adversarial Examples, ICML 2018,
    https://arxiv.org/abs/1707.07397; on signs: Eykholt et al., CVPR 2018,
    https://arxiv.org/abs/1707.08945.

    Parameters
    ----------
    steps
        At least 1.
    area
        Share of the image under the sticker at most, in (0, 0.25]; at least one pixel.
    step_size
        alpha in pixels of [0, 1], in (0, 1].
    views
        Drawn in each step, at least 1.
    seed
        Of the views.

    Raises
    ------
    BadInput
        For a setting out of range.
    """

    info = AttackInfo(
        name="sticker",
        title="Sticker",
        explanation="Puts a small square sticker on the sign that also works from other angles and "
        "in other light.",
        formula="x' = (1 - m) x + m s, s ← clip(s + α · sign ∇ₛ Eₜ CE(f(t(x')), y), 0, 1), "
        "t small turns, shifts and changes of light; targeted: - ∇ₛ Eₜ CE(f(t(x')), target)",
        source="Athalye, Engstrom, Ilyas, Kwok 2018, https://arxiv.org/abs/1707.07397",
        norm="area",
        takes_epsilon=False,
        targeted=True,
        family="physical",
    )

    def __init__(
        self,
        *,
        steps: int = 60,
        area: float = 0.05,
        step_size: float = 0.1,
        views: int = 3,
        seed: int = 0,
    ) -> None:
        check_count("steps", steps)
        check_count("views", views)
        if not 0 < area <= 0.25:
            raise BadInput(f"area must lie in (0, 0.25] of the image, got {area}")
        if not 0 < step_size <= 1:
            raise BadInput(f"step_size must lie in (0, 1], got {step_size}")
        self.steps = steps
        self.area = area
        self.step_size = step_size
        self.views = views
        self.seed = seed

    def run(self, task: Task, watch: Watch) -> Walk:
        """The shared loop, on a task that knows where each sticker lies."""
        point = task.at(task.clean)
        masks = self.places(point.gradient(task.loss(point.logits)))
        views = draw_views(task, self.seed, 0, 4)
        return super().run(StickerTask(**vars(task), masks=masks, views=views), watch)

    def step(self, task: Task, point: Point) -> Tensor:
        """Against the sign of the mean gradient over the image as it is and fresh views."""
        point.memory.add_(1)  # counts the steps
        gradient = point.gradient(task.loss(point.logits))
        views = draw_views(task, self.seed, int(point.memory.flatten()[0]), self.views)
        for view in views.unbind(dim=1):
            leaf = point.pixels.clone().requires_grad_()
            loss = task.loss(task.model(seen(leaf, view)))
            gradient = gradient + torch.autograd.grad(loss.sum(), leaf)[0]
        return point.pixels - self.step_size * gradient.sign()

    def places(self, gradient: Tensor) -> Tensor:
        """Squares of the sticker's size where |gradient| is largest: (batch, 1, height, width)."""
        height, width = gradient.shape[-2:]
        side = max(1, math.floor(math.sqrt(self.area * height * width) + 1e-9))
        strength = F.avg_pool2d(gradient.abs().sum(dim=1, keepdim=True), side, stride=1)
        top, left = (min(int(EDGE * length), (length - side) // 2) for length in (height, width))
        inner = strength[:, 0, top : height - side - top + 1, left : width - side - left + 1]
        place = inner.flatten(start_dim=1).argmax(dim=1)
        masks = torch.zeros_like(gradient[:, :1])
        for mask, y, x in zip(
            masks,
            (top + place // inner.shape[2]).tolist(),
            (left + place % inner.shape[2]).tolist(),
            strict=True,
        ):
            mask[:, y : y + side, x : x + side] = 1
        return masks


def draw_views(task: Task, seed: int, number: int, views: int) -> Tensor:
    """(batch, views, 4): degrees, shifts right and down in sides, light; each centred on 0."""
    draws = 2 * task.uniform(seed, number, shape=(views, 4)) - 1
    return draws * draws.new_tensor([MAX_ANGLE, MAX_SHIFT, MAX_SHIFT, MAX_LIGHT])


def seen(pixels: Tensor, views: Tensor) -> Tensor:
    """Each image from its own view (batch, 4): (batch, 3, height, width) in [0, 1]."""
    degrees, right, down, light = views.unbind(dim=1)
    return (moved(pixels, degrees, right, down) * (1 + light)[:, None, None, None]).clamp(0, 1)
