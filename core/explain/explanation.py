"""The one call that every method of explaining has, and how it takes large batches apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import BadInput
from core.jobs import Progress, in_silence
from core.model.classifier import Classifier
from core.records.explanations import Explanation

# Resampling may leave [0, 1] by rounding; images in 0..255 leave it by more.
OVERSHOOT = 1e-3
PIXELS_AT_ONCE = 32 * 96 * 96  # of the network's input or of the map, whichever is larger


class Explain(Protocol):
    """A method of explaining.

    The classifier is explained in eval mode and left as found. Large batches are taken apart, so
    memory is bounded.

    Parameters
    ----------
    classifier
        The model.
    pixels
        ``(batch, 3, height, width)`` in [0, 1], of any size, taken to the classifier's precision
        and device.
    classes
        A class id for all, ``(batch,)`` class ids, or None for the predicted ones.
    progress
        Counts images.

    Returns
    -------
    list of Explanation
        One for each image.

    Raises
    ------
    BadInput
        For other shapes and ranges, classes that do not exist, and networks that the method does
        not cover.
    """

    def __call__(
        self,
        classifier: Classifier,
        pixels: Tensor,
        classes: int | Tensor | None = None,
        *,
        progress: Progress = in_silence,
    ) -> list[Explanation]: ...


ExplainBatch = Callable[[Classifier, Tensor, Tensor | None], list[Explanation]]


def in_chunks(explain_batch: ExplainBatch) -> Explain:
    """The method that explains what it is given in one go, for batches of any length."""

    @wraps(explain_batch)
    def explain(
        classifier: Classifier,
        pixels: Tensor,
        classes: int | Tensor | None = None,
        *,
        progress: Progress = in_silence,
    ) -> list[Explanation]:
        check_pixels(pixels)
        class_ids = _class_ids(classes, len(pixels), classifier.classes)
        per_image = max(classifier.manifest.input_size**2, pixels.shape[-2] * pixels.shape[-1])
        size = max(1, PIXELS_AT_ONCE // per_image)
        explanations: list[Explanation] = []
        for start in range(0, len(pixels), size):
            chunk = slice(start, start + size)
            wanted = None if class_ids is None else class_ids[chunk]
            explanations += explain_batch(classifier, pixels[chunk], wanted)
            progress(len(explanations), len(pixels), "explained")
        return explanations

    return explain


def explanations_of(
    logits: Tensor,
    probabilities: Tensor,
    class_ids: Tensor,
    maps: NDArray[np.float32],
    contributions: Sequence[Mapping[str, float]] | None = None,
) -> list[Explanation]:
    """One a row of logits and probabilities (batch, classes), class_ids (batch,), and maps
    (batch, height, width)."""
    explanations = []
    for row, class_id in enumerate(class_ids.tolist()):
        logit = float(logits[row, class_id])
        parts = {} if contributions is None else contributions[row]
        residual = abs(logit - sum(parts.values())) / max(1.0, abs(logit)) if parts else None
        explanations.append(
            Explanation(
                map=maps[row],
                class_id=class_id,
                logit=logit,
                probability=float(probabilities[row, class_id]),
                predicted_id=int(logits[row].argmax()),
                contributions=parts,
                residual=residual,
            )
        )
    return explanations


def check_pixels(pixels: Tensor) -> None:
    """BadInput unless (batch, 3, height, width) floats in [0, 1]."""
    if pixels.dim() != 4 or pixels.shape[1] != 3 or 0 in pixels.shape:
        raise BadInput(
            f"pixels must be (batch, 3, height, width), none of them 0, got {tuple(pixels.shape)}"
        )
    if not pixels.is_floating_point():
        raise BadInput(f"pixels must be floats in [0, 1], got {pixels.dtype}")
    low, high = (float(end) for end in pixels.detach().aminmax())
    if not (low >= -OVERSHOOT and high <= 1 + OVERSHOOT):
        raise BadInput(f"pixels must lie in [0, 1], got {low:g} to {high:g}")


def _class_ids(classes: int | Tensor | None, batch: int, known: int) -> Tensor | None:
    """(batch,) int64."""
    if classes is None:
        return None
    class_ids = torch.as_tensor(classes)
    if class_ids.is_floating_point() or class_ids.shape not in ((), (batch,)):
        raise BadInput(
            f"classes must be one class id, or ({batch},) of them, "
            f"got {tuple(class_ids.shape)} {class_ids.dtype}"
        )
    for class_id in class_ids.flatten().tolist():
        if not 0 <= class_id < known:
            raise BadInput(f"class must lie in 0..{known - 1}, got {class_id}")
    return class_ids.long().expand(batch)
