"""Verdicts on flagged predictions: which are allowed, and the export of what was decided."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from core.errors import BadInput
from core.labels import class_name, label
from core.types import Decision, StoredImage, TriageItem, Verdict, now

NEEDS_RIGHT_CLASS = {Verdict.ADVERSARIAL, Verdict.MODEL_WRONG}
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/bmp": "bmp"}


def decide(
    item: TriageItem, verdict: Verdict, *, right_class: int | None, note: str, analyst: str
) -> Decision:
    """A decision on `item`; BadInput if verdict and right class do not fit together.

    `right after all` takes the predicted class by itself; `not a sign` and `unreadable` have none.
    """
    predicted = item.capture.class_id
    if predicted is None:
        raise BadInput(f"capture {item.capture.capture_id} holds no prediction to judge")
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
    return Decision(item.capture.capture_id, verdict, right_class, note.strip(), analyst, now())


def manifest_entry(item: TriageItem, file: str | None) -> dict[str, Any]:
    """One line of the export's manifest. file: path inside the export, None where there is none."""
    capture, decision = item.capture, item.decision
    suspicion = capture.suspicion
    return {
        "file": file,
        "capture_id": capture.capture_id,
        "event_id": capture.event_id,
        "inference_id": capture.inference_id,
        "endpoint": capture.endpoint,
        "inferred_at": capture.inferred_at.isoformat(),
        "image_sha256": capture.image_sha256,
        "predicted_class": capture.class_id,
        "confidence": capture.confidence,
        "p_value": suspicion.p_value if suspicion else None,
        "reasons": list(suspicion.reasons) if suspicion else [],
        "provenance": asdict(capture.provenance),
        "decision": asdict(decision) | {"decided_at": decision.decided_at.isoformat()}
        if decision
        else None,
    }


def export_zip(items: Iterable[tuple[TriageItem, StoredImage | None]]) -> bytes:
    """A labelled data set: one folder a right class (`train --data` reads it), and the manifest.

    What has no right class (not a sign, unreadable) or no picture stands in the manifest only.
    """
    buffer, lines = io.BytesIO(), []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for item, image in items:
            file = _file_name(item, image) if image else None
            if file and image:
                archive.writestr(file, image.content)
            lines.append(json.dumps(manifest_entry(item, file)))
        archive.writestr("manifest.jsonl", "".join(f"{line}\n" for line in lines))
    return buffer.getvalue()


def _file_name(item: TriageItem, image: StoredImage) -> str | None:
    if item.decision is None or item.decision.right_class is None:
        return None
    suffix = SUFFIXES.get(image.media_type, "png")
    return f"{item.decision.right_class:02d}/{item.capture.capture_id}.{suffix}"
