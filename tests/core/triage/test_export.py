"""The export: a data set with tracks, its manifest, annotations, and the audit trail."""

import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import ImageFolder

from core import datasets
from core.images import ImageFile, decode
from core.records.captures import Provenance, StoredImage
from core.records.triage import PAUSE
from core.records.verdicts import Decision, Statement, TriageItem, Verdict
from core.triage import export
from core.triage.export import export_zip, file_names, manifest_entry, tracks
from tests.support.images import blocks, gradient, saved
from tests.support.records import NOON, make_capture, make_image, make_prediction

SECOND = timedelta(seconds=1)


def make_item(
    image: StoredImage | None = None,
    true_class: int | None = 1,
    *,
    seconds: float = 0,
    source: str | None = "cam",
    clean: str | None = None,
    capture_id: str = "c-1",
    verdict: Verdict = Verdict.ADVERSARIAL,
) -> TriageItem:
    capture = make_capture(
        image,
        capture_id=capture_id,
        event_id="e-1",
        inference_id="i-1",
        inferred_at=NOON + seconds * SECOND,
        prediction=make_prediction(14, 0.75, p_value=0.004, flagged=True, reasons=("odd",)),
        provenance=Provenance(source, 1, "pgd", 14, clean),
    )
    return TriageItem(capture, Decision(capture_id, verdict, true_class, "note", "ada", NOON))


def exported(
    items: list[TriageItem], *images: StoredImage, statements: tuple[Statement, ...] = ()
) -> dict[str, bytes]:
    known = {image.sha256: image for image in images}
    content = export_zip(
        items, lambda names: {n: known[n] for n in names if n in known}, statements
    )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        files = [name for name in archive.namelist() if not name.endswith("/")]
        return {name: archive.read(name) for name in files}


def lines(content: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in content.decode().splitlines()]


# Tracks


def stored_images(count: int) -> list[StoredImage]:
    return [make_image(seed) for seed in range(count)]


def test_frames_of_one_source_without_a_pause_are_one_track() -> None:
    pause, images = PAUSE.total_seconds(), stored_images(7)
    items = [
        make_item(images[0], seconds=0),
        make_item(images[1], seconds=pause),
        make_item(images[2], seconds=2 * pause + 1),
        make_item(images[3], seconds=0, source="van"),
        make_item(images[4], seconds=0, source=None),
        make_item(images[5], seconds=0, true_class=2),
        make_item(images[6], seconds=0, true_class=None, verdict=Verdict.UNREADABLE),
    ]
    assert tracks(items) == [0, 0, 1, 2, 3, 4, None]


def test_the_same_image_and_the_same_clean_one_are_one_track() -> None:
    images, day = stored_images(5), 86_400
    items = [
        make_item(images[0], seconds=0),
        make_item(images[1], seconds=0, clean="ab"),  # another sign, at the same moment
        make_item(images[2], seconds=day, clean="ab"),
        make_item(images[3], seconds=2 * day, clean=images[0].sha256),
        make_item(images[0], seconds=3 * day, source="van"),
        make_item(images[4], seconds=4 * day, clean="cd"),
    ]
    assert tracks(items) == [0, 1, 1, 0, 0, 2]


def test_a_track_goes_on_as_long_as_no_pause_is_too_long() -> None:
    pause = PAUSE.total_seconds()
    items = [make_item(image, seconds=n * pause) for n, image in enumerate(stored_images(3))]
    assert tracks(items) == [0, 0, 0]


def test_other_classes_and_endpoints_are_other_tracks() -> None:
    same = make_item(make_image())
    corrected = make_item(make_image(), 2)
    elsewhere = TriageItem(
        replace(make_item(make_image(1)).capture, endpoint="cars"), same.decision
    )
    assert tracks([same, corrected, elsewhere, same]) == [0, 1, 2, 0]
    assert file_names([same, corrected]) == ["01/00000_00000", "02/00001_00000"]


def test_frames_are_numbered_in_their_track() -> None:
    items = [make_item(image, n % 2 + 1, seconds=n) for n, image in enumerate(stored_images(4))]
    assert file_names(items) == [
        "01/00000_00000",
        "02/00001_00000",
        "01/00000_00001",
        "02/00001_00001",
    ]


def test_what_is_one_track_in_two_ways_is_one() -> None:
    images, pause = stored_images(2), PAUSE.total_seconds()
    items = [
        make_item(images[0], seconds=0),
        make_item(images[1], seconds=2 * pause + 1),
        make_item(images[0], seconds=2 * pause + 2),
    ]
    assert tracks(items) == [0, 0, 0]


def test_without_a_image_time_alone_tells() -> None:
    items = [make_item(), make_item(seconds=1)]
    bare = [
        TriageItem(
            make_capture(image_sha256=None, inferred_at=each.capture.inferred_at), each.decision
        )
        for each in items
    ]
    assert tracks(bare) == [0, 0]


def test_files_are_named_as_gtsrb_names_them() -> None:
    images = stored_images(4)
    items = [
        make_item(images[0]),
        make_item(images[1], seconds=1),
        make_item(images[2], 12, seconds=1),
        make_item(images[3], None),
    ]
    assert file_names(items) == ["01/00000_00000", "01/00000_00001", "12/00001_00000", None]


# The archive


def test_images_are_exported_by_true_class_as_they_came() -> None:
    png, jpeg = make_image(), ImageFile.from_file(saved(gradient(8, 6), "JPEG"))
    other = StoredImage(jpeg.sha256, jpeg.media_type, jpeg.content, 6, 8)
    lost = make_image(9)
    files = exported(
        [
            make_item(png, 1, capture_id="a"),
            make_item(other, 14, capture_id="b"),
            make_item(png, None, capture_id="c", verdict=Verdict.NOT_A_SIGN),
            make_item(lost, 3, capture_id="d"),
        ],
        png,
        other,
    )
    assert list(files) == [
        "01/00000_00000.png",
        "images/01/00000_00000.png",
        "14/00001_00000.jpg",
        "images/14/00001_00000.jpg",
        "manifest.jsonl",
        "annotations.json",
        "annotations/instances_default.json",
        "audit.jsonl",
    ]
    assert files["images/14/00001_00000.jpg"] == jpeg.content
    assert files["annotations/instances_default.json"] == files["annotations.json"]
    assert files["01/00000_00000.png"] == png.content
    assert files["14/00001_00000.jpg"] == jpeg.content
    assert [(line["capture_id"], line["file"]) for line in lines(files["manifest.jsonl"])] == [
        ("a", "01/00000_00000.png"),
        ("b", "14/00001_00000.jpg"),
        ("c", None),
        ("d", None),
    ]
    coco = json.loads(files["annotations.json"])
    assert coco["images"] == [
        {"id": 1, "file_name": "01/00000_00000.png", "width": 32, "height": 32},
        {"id": 2, "file_name": "14/00001_00000.jpg", "width": 6, "height": 8},
    ]
    assert coco["annotations"][1] == {
        "id": 2,
        "image_id": 2,
        "category_id": 15,
        "iscrowd": 0,
        "segmentation": [[0, 0, 6, 0, 6, 8, 0, 8]],
        "bbox": [0, 0, 6, 8],
        "area": 48,
    }
    assert len(coco["categories"]) == 43
    assert coco["categories"][14] == {"id": 15, "name": "Stop", "supercategory": "unique"}


def test_the_order_of_the_folders_is_that_of_the_class_ids(tmp_path: Path) -> None:
    images = stored_images(2)
    items = [make_item(images[0], 14), make_item(images[1], 2, capture_id="b")]
    known = {image.sha256: image for image in images}
    content = export_zip(items, lambda names: {n: known[n] for n in names if n}, ())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    read = ImageFolder(str(tmp_path / "images"), allow_empty=True)
    assert len(read.classes) == 43
    assert sorted(label for _, label in read.samples) == [2, 14]
    coco = json.loads((tmp_path / "annotations" / "instances_default.json").read_text())
    names = {each["id"]: each["name"] for each in coco["categories"]}
    files = {each["id"]: tmp_path / "images" / each["file_name"] for each in coco["images"]}
    assert {
        names[each["category_id"]]: files[each["image_id"]].read_bytes()
        for each in coco["annotations"]
    } == {"Stop": images[0].content, "Speed limit 50 km/h": images[1].content}


def test_many_images_are_exported_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "CHUNK", 2)
    images = stored_images(5)
    items = [make_item(image, n, capture_id=str(n)) for n, image in enumerate(images)]
    files = exported(items, *images)
    names = [f"{n:02d}/{n:05d}_00000.png" for n in range(5)]
    assert [files[name] for name in names] == [image.content for image in images]
    assert [line["file"] for line in lines(files["manifest.jsonl"])] == names


def test_a_line_of_the_manifest_tells_everything() -> None:
    image = make_image()
    assert manifest_entry(make_item(image, clean="ff"), "01/00000_00000.png") == {
        "file": "01/00000_00000.png",
        "capture_id": "c-1",
        "event_id": "e-1",
        "inference_id": "i-1",
        "endpoint": "signwatch",
        "inferred_at": "2026-02-14T12:00:00+00:00",
        "image_sha256": image.sha256,
        "predicted_class": 14,
        "confidence": 0.75,
        "model_sha256": "ab" * 32,
        "p_value": 0.004,
        "reasons": ["odd"],
        "provenance": {
            "source": "cam",
            "label": 1,
            "attack": "pgd",
            "target": 14,
            "clean_sha256": "ff",
        },
        "decision": {
            "capture_id": "c-1",
            "verdict": "adversarial",
            "right_class": 1,
            "note": "note",
            "analyst": "ada",
            "decided_at": "2026-02-14T12:00:00+00:00",
        },
    }


def test_the_audit_trail_comes_along_also_of_what_was_deleted() -> None:
    decision = Decision("gone", Verdict.UNREADABLE, None, "", "ada", NOON)
    statement = Statement(decision, "ada", NOON, taken_back=False, counts=True)
    files = exported([], statements=(statement,))
    assert lines(files["audit.jsonl"]) == [statement.to_json()]
    assert files["manifest.jsonl"] == b""


def test_an_export_is_a_data_set_with_tracks(tmp_path: Path) -> None:
    near, far = make_image(5), make_image(6)
    items = [
        make_item(near, 7),
        make_item(far, 7, seconds=86_400),
        make_item(far, 7, seconds=86_401),
    ]
    for name, content in exported(items, near, far).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    dataset = datasets.load(tmp_path)
    assert dataset.labels.tolist() == [7, 7, 7]
    assert dataset.tracks is not None
    assert dataset.tracks.tolist() == [0, 1, 1]
    assert np.array_equal(dataset.images[0], blocks(5))
    assert np.array_equal(decode(near.content), blocks(5))
