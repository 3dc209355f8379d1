"""Images explained, for callers without torch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from core.explain.methods import get_method
from core.images import LONGEST_SIDE, fit, rows_by_key
from core.jobs import Progress, in_silence
from core.model.classifier import Classifier, to_tensor
from core.records.explanations import DEFAULT_METHOD, Explanation


def explain_images(
    classifier: Classifier,
    images: Sequence[NDArray[np.uint8]],
    classes: Sequence[int | None],
    *,
    method: str = DEFAULT_METHOD,
    progress: Progress = in_silence,
) -> list[Explanation]:
    """Explain images of any sizes, those of one size together.

    Parameters
    ----------
    classifier
        The model; it is left as found.
    images
        ``(height, width, 3)`` uint8 each; reduced to a longest side of LONGEST_SIDE.
    classes
        The class to explain each for; None: the predicted one.
    method
        A name in `METHODS`.
    progress
        Counts images.

    Returns
    -------
    list of Explanation
        In the order of `images`.

    Raises
    ------
    BadInput
        For an unknown method, a class that does not exist, and a network that the method does not
        cover.
    """
    explain = get_method(method).explain
    fitted = [fit(image, LONGEST_SIDE) for image in images]
    explained: dict[int, Explanation] = {}
    pairs = zip(fitted, classes, strict=True)
    for rows in rows_by_key([(image.shape, class_id is None) for image, class_id in pairs]):
        pixels = to_tensor(np.stack([fitted[row] for row in rows]))
        chosen = [class_id for class_id in (classes[row] for row in rows) if class_id is not None]
        found = explain(
            classifier,
            pixels,
            torch.tensor(chosen) if chosen else None,
            progress=partial(_count, progress, len(explained), len(fitted)),
        )
        explained |= zip(rows, found, strict=True)
    return [explained[row] for row in range(len(images))]


def _count(progress: Progress, before: int, total: int, done: int, _: int, text: str) -> None:
    """Report `done` images of a group, `before` of `total` being done."""
    progress(before + done, total, text)
