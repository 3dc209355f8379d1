"""Which class may be right where a prediction is wrong, before anybody looked."""

from __future__ import annotations

from core.labels import all_labels
from core.records.captures import Capture

MOST_LIKELY = 6


def said_right(capture: Capture) -> int | None:
    """The right class as the sender names it, where it says that the prediction is wrong."""
    label = capture.provenance.label
    return label if label != capture.class_id and label in range(len(all_labels())) else None


def likely(capture: Capture) -> list[int]:
    """Classes that may be right if the predicted one is wrong, the likeliest first.

    What the sender says, then the next ones by probability, as far as anything is known.
    """
    said, prediction = said_right(capture), capture.prediction
    ranked = [class_id for class_id, _ in prediction.top(MOST_LIKELY + 1)] if prediction else []
    found = [class_id for class_id in (said, *ranked) if class_id is not None]
    return [each for each in dict.fromkeys(found) if each != capture.class_id][:MOST_LIKELY]
