"""What an attack refuses, each with what was expected, what came and what to do."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from core.errors import BadInput
from core.model.classifier import Classifier
from core.records.attacks import AttackInfo


def check_call(
    info: AttackInfo,
    classifier: Classifier,
    pixels: Tensor,
    labels: Tensor,
    epsilon: float | None,
    target: int | Tensor | None,
) -> Tensor | None:
    """What an attack is called with, as `Attack.__call__` has it; returns the targets (batch,)."""
    check_pixels(pixels)
    check_classes("labels", labels, len(pixels), classifier.classes)
    check_epsilon(info, epsilon, pixels[0].numel())
    if target is not None and not info.targeted:
        raise BadInput(f"{info.title} has no targeted form; leave target out, got {target}")
    return read_target(target, len(pixels), classifier.classes, pixels.device)


def check_pixels(pixels: Tensor) -> None:
    """BadInput unless (batch, 3, height, width) float32 in [0, 1], at least one image."""
    shape = tuple(pixels.shape)
    if len(shape) != 4 or shape[1] != 3 or 0 in shape:
        raise BadInput(
            f"pixels must be (batch, 3, height, width) with at least one image, got {shape}; "
            "`core.model.classifier.to_tensor` makes them from images"
        )
    if pixels.dtype != torch.float32:
        raise BadInput(f"pixels must be float32 in [0, 1], got {pixels.dtype}; convert them first")
    low, high = pixels.min().item(), pixels.max().item()
    if not (low >= 0 and high <= 1):
        raise BadInput(
            f"pixels must lie in [0, 1], got {low:g}..{high:g}; divide 8-bit levels by 255"
        )


def check_classes(name: str, values: Tensor, batch: int, classes: int) -> None:
    """BadInput unless (batch,) int64 in 0..classes - 1."""
    if values.dtype != torch.int64 or tuple(values.shape) != (batch,):
        raise BadInput(
            f"{name} must be ({batch},) int64, one class an image, "
            f"got {tuple(values.shape)} {values.dtype}"
        )
    low, high = int(values.min()), int(values.max())
    if low < 0 or high >= classes:
        raise BadInput(
            f"{name} must lie in 0..{classes - 1}, the model's classes, got {low}..{high}"
        )


def read_target(
    target: int | Tensor | None, batch: int, classes: int, device: torch.device
) -> Tensor | None:
    """One class for all or (batch,) -> (batch,) int64; None stays None."""
    if target is None:
        return None
    targets = torch.as_tensor(target, device=device)
    if targets.ndim == 0:
        targets = targets.expand(batch)
    check_classes("target", targets, batch, classes)
    return targets


def check_epsilon(info: AttackInfo, epsilon: float | None, values: int) -> None:
    """BadInput unless epsilon lies in its norm's range, or is None for an attack that takes none.

    linf: (0, 1]; l2: (0, sqrt(values)], the length from black to white; values: of an image.
    """
    if not info.takes_epsilon:
        if epsilon is not None:
            raise BadInput(f"{info.title} takes no epsilon; leave it out, got {epsilon}")
    elif info.norm == "linf":
        if epsilon is None or not 0 < epsilon <= 1:
            raise BadInput(
                f"{info.title} needs an epsilon in (0, 1], the largest change of a pixel "
                f"(8 levels are 8/255), got {epsilon}"
            )
    elif epsilon is None or not 0 < epsilon <= math.sqrt(values):
        raise BadInput(
            f"{info.title} needs an epsilon in (0, {math.sqrt(values):.4g}], the Euclidean length "
            f"of the whole change in pixels of [0, 1] (0.5 is common), got {epsilon}"
        )


def check_gradients(title: str, model: Classifier, pixels: Tensor) -> None:
    """BadInput if the model's logits for pixels (1, 3, height, width) have no gradient."""
    with torch.enable_grad():
        leaf = pixels.detach().clone().requires_grad_()
        logits = model(leaf)
        if logits.requires_grad:
            (gradient,) = torch.autograd.grad(logits.sum(), leaf, allow_unused=True)
            if gradient is not None:
                return
    raise BadInput(
        f"{title} needs a model with gradients, and the logits of "
        f"{model.manifest.architecture} have none for its pixels; attack it with square, "
        "which needs logits alone"
    )


def check_count(name: str, value: int) -> None:
    """BadInput unless a setting that counts something is at least 1."""
    if value < 1:
        raise BadInput(f"{name} must be at least 1, got {value}")


def check_positive(name: str, value: float) -> None:
    """BadInput unless a setting is above 0."""
    if not value > 0:
        raise BadInput(f"{name} must be above 0, got {value}")
