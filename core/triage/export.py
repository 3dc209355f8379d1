"""The export: decided captures as a data set that `train --data` reads, and the audit trail.

Files are named as GTSRB names them, `<track>_<frame>`: the frames of one track show one physical
sign, as far as that is known, so that training keeps them on one side of its split. The same images
stand in `images/` with `annotations/`, as readers of COCO (CVAT, Datumaro) look for them; it has a
folder for every class, so that their order is that of the class ids.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from core.labels import all_labels
from core.records.captures import StoredImage
from core.records.triage import PAUSE
from core.records.verdicts import Statement, TriageItem

CHUNK = 100  # images that are held at a time
MANIFEST, ANNOTATIONS, AUDIT = "manifest.jsonl", "annotations.json", "audit.jsonl"
IMAGES, INSTANCES = "images", "annotations/instances_default.json"  # where readers of COCO look
FindImages = Callable[[Sequence[str | None]], Mapping[str, StoredImage]]


@dataclass(frozen=True)
class Placed:
    """An image in the export. file: its path there; class_id: the true class."""

    file: str
    class_id: int
    image: StoredImage


def export_zip(
    items: Sequence[TriageItem], find_images: FindImages, statements: Iterable[Statement]
) -> bytes:
    """A ZIP with one folder a true class, and beside them manifest, annotations and audit trail.

    items: decided captures, oldest first. Those without a true class (not a sign, unreadable) or
    image are in the manifest only; those that retention deleted, in the audit trail only.
    """
    buffer, manifest, placed = io.BytesIO(), [], list[Placed]()
    names = file_names(items)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for start in range(0, len(items), CHUNK):
            chunk = items[start : start + CHUNK]
            images = find_images([item.capture.image_sha256 for item in chunk])
            for item, name in zip(chunk, names[start : start + CHUNK], strict=True):
                image, true_class = images.get(item.capture.image_sha256 or ""), _true_class(item)
                file = None
                if image and name and true_class is not None:
                    file = f"{name}.{image.suffix}"
                    archive.writestr(file, image.content)
                    archive.writestr(f"{IMAGES}/{file}", image.content)
                    placed.append(Placed(file, true_class, image))
                manifest.append(manifest_entry(item, file))
        archive.writestr(MANIFEST, _lines(manifest))
        for each in all_labels():
            archive.mkdir(f"{IMAGES}/{each.class_id:02d}")
        annotations = json.dumps(coco(placed), indent=1) + "\n"
        archive.writestr(ANNOTATIONS, annotations)
        archive.writestr(INSTANCES, annotations)
        archive.writestr(AUDIT, _lines(each.to_json() for each in statements))
    return buffer.getvalue()


def file_names(items: Sequence[TriageItem]) -> list[str | None]:
    """`14/00003_00012`, without a suffix, for each; None without a true class."""
    frames: Counter[int] = Counter()
    names: list[str | None] = []
    for item, track in zip(items, tracks(items), strict=True):
        if track is None:
            names.append(None)
            continue
        names.append(f"{_true_class(item):02d}/{track:05d}_{frames[track]:05d}")
        frames[track] += 1
    return names


def tracks(items: Sequence[TriageItem]) -> list[int | None]:
    """Which physical sign each of the items (oldest first) shows, counted from 0.

    Images of one true class are of one sign where they are the same image, or made of the
    same clean one; or where endpoint and source are the same and no two that follow each other
    lie further apart than PAUSE, unless it is known what they were made of. None: no true class.
    """
    parents: list[int] = list(range(len(items)))
    by_image: dict[tuple[int, str], int] = {}
    latest: dict[tuple[object, ...], tuple[int, datetime]] = {}
    for number, item in enumerate(items):
        true_class, capture = _true_class(item), item.capture
        if true_class is None:
            continue
        made_of = capture.provenance.clean_sha256
        if image := made_of or capture.image_sha256:
            same = by_image.setdefault((true_class, image), number)
            parents[_root(parents, number)] = _root(parents, same)
        if made_of is None:
            series = (true_class, capture.endpoint, capture.provenance.source)
            before = latest.get(series)
            if before and capture.inferred_at - before[1] <= PAUSE:
                parents[_root(parents, number)] = _root(parents, before[0])
            latest[series] = number, capture.inferred_at
    counted: dict[int, int] = {}
    return [
        None
        if _true_class(item) is None
        else counted.setdefault(_root(parents, number), len(counted))
        for number, item in enumerate(items)
    ]


def manifest_entry(item: TriageItem, file: str | None) -> dict[str, Any]:
    """One line of the manifest. file: path inside the export, None where there is none."""
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
        "model_sha256": capture.model_sha256,
        "p_value": suspicion.p_value if suspicion else None,
        "reasons": list(suspicion.reasons) if suspicion else [],
        "provenance": asdict(capture.provenance),
        "decision": decision.to_json() if decision else None,
    }


def coco(placed: Sequence[Placed]) -> dict[str, Any]:
    """COCO's object detection format (cocodataset.org), each image one box of its true class.

    Categories are numbered from 1, a class's id and one: readers take 0 for no category.
    """
    numbered = list(enumerate(placed, start=1))
    return {
        "info": {"description": "Signwatch: what was decided in triage"},
        "licenses": [],
        "images": [
            {
                "id": number,
                "file_name": each.file,
                "width": each.image.width,
                "height": each.image.height,
            }
            for number, each in numbered
        ],
        "annotations": [
            {
                "id": number,
                "image_id": number,
                "category_id": each.class_id + 1,
                "iscrowd": 0,
                "segmentation": [_corners(each.image)],
                "bbox": [0, 0, each.image.width, each.image.height],
                "area": each.image.width * each.image.height,
            }
            for number, each in numbered
        ],
        "categories": [
            {"id": each.class_id + 1, "name": each.name, "supercategory": each.group}
            for each in all_labels()
        ],
    }


def _corners(image: StoredImage) -> list[int]:
    """The outline of an image, x before y."""
    return [0, 0, image.width, 0, image.width, image.height, 0, image.height]


def _true_class(item: TriageItem) -> int | None:
    return item.decision.true_class if item.decision else None


def _root(parents: list[int], number: int) -> int:
    while parents[number] != number:
        number = parents[number] = parents[parents[number]]
    return number


def _lines(records: Iterable[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)
