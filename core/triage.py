"""Verdicts on flagged predictions: which are allowed."""

from __future__ import annotations

from datetime import datetime

from core.errors import BadInput
from core.labels import class_name, label
from core.types import Capture, Decision, Verdict

NEEDS_RIGHT_CLASS = {Verdict.ADVERSARIAL, Verdict.MODEL_WRONG}
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/bmp": "bmp"}


def decide(
    capture: Capture,
    verdict: Verdict,
    *,
    right_class: int | None,
    note: str,
    analyst: str,
    at: datetime,
) -> Decision:
    """A decision on a capture; BadInput if verdict and right class do not fit together.

    `right after all` takes the predicted class by itself; `not a sign` and `unreadable` have none.
    """
    predicted = capture.class_id
    if predicted is None:
        raise BadInput(f"capture {capture.capture_id} holds no prediction to judge")
    if verdict is Verdict.RIGHT_AFTER_ALL:
        right_class = predicted
    elif verdict not in NEEDS_RIGHT_CLASS:
        right_class = None
    elif right_class is None:
        raise BadInput(f"the verdict `{verdict}` needs the right class; choose one")
    elif right_class == predicted:
        raise BadInput(
            f"the verdict `{verdict}` says that {class_name(predicted)} is wrong, and it is also "
            "the right class given; choose another class, or the verdict `right after all`"
        )
    if right_class is not None:
        label(right_class)
    return Decision(capture.capture_id, verdict, right_class, note.strip(), analyst, at)
