"""Suggestions of the true class of a prediction that may be wrong."""

from __future__ import annotations

from core.labels import all_labels
from core.records.captures import Capture

MOST = 6


def sender_class(capture: Capture) -> int | None:
    """The true class that the sender names, where it contradicts the prediction."""
    label = capture.provenance.label
    return label if label != capture.class_id and label in range(len(all_labels())) else None


def suggested_classes(capture: Capture) -> list[int]:
    """Classes that may be true if the predicted one is wrong, the most likely first.

    The sender's comes first, then the next ones by probability, MOST at most.
    """
    prediction = capture.prediction
    ranked = [class_id for class_id, _ in prediction.top(MOST + 1)] if prediction else []
    found = [each for each in (sender_class(capture), *ranked) if each is not None]
    return [each for each in dict.fromkeys(found) if each != capture.class_id][:MOST]
