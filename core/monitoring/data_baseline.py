"""A baseline from a model's predictions on a labelled data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from core import datasets
from core.jobs import Progress
from core.monitoring.baselines import baseline_of, draft_of
from core.records.baselines import BaselineDraft
from core.records.captures import Prediction, Predictions

AT_ONCE = 256  # images between two steps of the progress
Predict = Callable[[Sequence[NDArray[np.uint8]]], list[Prediction]]


def draft_of_data(
    predict: Predict,
    classes: int,
    dataset: datasets.Dataset,
    name: str,
    *,
    fold: datasets.Fold | None = None,
    progress: Progress,
) -> BaselineDraft:
    """Predict the images of a data set, and make a baseline of it that is not kept yet.

    Parameters
    ----------
    predict
        The model that the baseline is for.
    classes
        Size of its label set.
    dataset, name
        The images with their classes, and what the baseline calls them.
    fold
        Which images of it; None for the natural ones.
    progress
        Reported after each AT_ONCE images.
    """
    chosen = fold or dataset.natural_fold()
    signs = dataset.fold(chosen)
    predicted: list[Prediction] = []
    for start in range(0, len(signs.images), AT_ONCE):
        predicted += predict(signs.images[start : start + AT_ONCE])
        progress(len(predicted), len(signs.images), "images read")
    tracks = None if signs.tracks is None else list(zip(signs.labels, signs.tracks, strict=True))
    columns = Predictions.of(predicted, tracks)
    right = int((columns.class_ids == signs.labels).sum())
    return draft_of(baseline_of(columns, classes, right=right), f"data set {name}, {chosen}")
