"""The result of an attack, judged on the images that would be saved and sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.attacks.budget import to_saved
from core.attacks.task import Task, Trace, Walk
from core.images import decode, encode_png
from core.model.classifier import BATCH, to_images


@dataclass(frozen=True, eq=False)
class AttackResult:
    """Arrays with one entry for each image, in the order of the call.

    Attributes
    ----------
    attack
        Name in `ATTACKS`.
    epsilon
        The budget, or None.
    adversarial
        ``(batch, height, width, 3)`` uint8, what is saved and sent.
    pixels
        ``(batch, 3, height, width)`` float32 in [0, 1], before rounding.
    eligible
        ``(batch,)`` bool: classified correctly before and, targeted, not of the target class.
    success_before_rounding
        ``(batch,)`` bool, on `pixels`; only where eligible.
    success
        ``(batch,)`` bool, on `adversarial` saved as PNG, read again and sent through the public
        predict path; only where eligible.
    steps
        ``(batch,)`` int64, gradient steps used, over all restarts.
    linf, l2
        ``(batch,)`` float64, `adversarial` against the clean 8-bit image, in pixels of [0, 1].
    psnr
        ``(batch,)`` float64 decibel, the same comparison; infinite where nothing changed.
    path
        None unless traced; for each image ``(points, 3)`` float64: step, confidence of the true
        class, confidence of the target or of the strongest wrong class; empty where not eligible.
    """

    attack: str
    epsilon: float | None
    adversarial: NDArray[np.uint8]
    pixels: Tensor
    eligible: NDArray[np.bool_]
    success_before_rounding: NDArray[np.bool_]
    success: NDArray[np.bool_]
    steps: NDArray[np.int64]
    linf: NDArray[np.float64]
    l2: NDArray[np.float64]
    psnr: NDArray[np.float64]
    path: tuple[NDArray[np.float64], ...] | None = None

    def summary(self) -> dict[str, Any]:
        """Plain data for a manifest, a page or JSON.

        Rates are shares of the eligible images, None where there is none; medians are over the
        images of `success`, None where there is none.
        """
        before, after = int(self.success_before_rounding.sum()), int(self.success.sum())
        eligible = int(self.eligible.sum())
        return {
            "attack": self.attack,
            "epsilon": self.epsilon,
            "images": len(self.eligible),
            "eligible": eligible,
            "successes_before_rounding": before,
            "successes": after,
            "success_rate_before_rounding": before / eligible if eligible else None,
            "success_rate": after / eligible if eligible else None,
            "median_linf": float(np.median(self.linf[self.success])) if after else None,
            "median_l2": float(np.median(self.l2[self.success])) if after else None,
        }


def counting(task: Task) -> Tensor:
    """(batch,) bool: 8-bit image classified correctly and, targeted, not of the target class."""
    correct = _public_logits(task, to_images(task.clean)).argmax(dim=1) == task.labels
    return correct if task.targets is None else correct & (task.labels != task.targets)


def judge(
    attack: str, epsilon: float | None, task: Task, walk: Walk, eligible: Tensor
) -> AttackResult:
    """Round, save as PNG, read again, send through the public predict path, measure."""
    adversarial = to_saved(walk.pixels, task.clean, task.epsilon, task.norm)
    read_again = np.stack([decode(encode_png(image)) for image in adversarial])
    with torch.no_grad():
        before = torch.cat([task.model(pixels) for pixels in torch.split(walk.pixels, BATCH)])
    linf, l2, psnr = _distances(adversarial, to_images(task.clean))
    return AttackResult(
        attack=attack,
        epsilon=None if epsilon is None else task.epsilon,
        adversarial=adversarial,
        pixels=walk.pixels,
        eligible=eligible.cpu().numpy(),
        success_before_rounding=(eligible & task.reached(before)).cpu().numpy(),
        success=(eligible & task.reached(_public_logits(task, read_again))).cpu().numpy(),
        steps=walk.steps.cpu().numpy(),
        linf=linf,
        l2=l2,
        psnr=psnr,
        path=None if task.traces is None else tuple(map(_as_array, task.traces)),
    )


def _as_array(trace: Trace) -> NDArray[np.float64]:
    return np.array(trace, dtype=np.float64).reshape(-1, 3)


def _public_logits(task: Task, images: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(task.model.predict_logits(list(images))).to(task.labels.device)


def _distances(
    adversarial: NDArray[np.uint8], clean: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """linf, l2 and psnr of two batches of images (batch, height, width, 3)."""
    change = (adversarial.astype(np.float64) - clean).reshape(len(clean), -1) / 255
    l2 = np.linalg.norm(change, axis=1)
    with np.errstate(divide="ignore"):
        psnr = -10 * np.log10(l2**2 / change.shape[1])
    return np.abs(change).max(axis=1), l2, psnr
