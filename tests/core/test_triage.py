"""Verdicts, and the export of what was decided."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core import datasets
from core.errors import BadInput
from core.images import Picture, decode
from core.triage import decide, export_zip, manifest_entry
from core.types import Decision, Provenance, StoredImage, TriageItem, Verdict, now
from tests.expect import raises
from tests.pictures import blocks, gradient, saved
from tests.records import NOON, make_capture, make_image, make_prediction

PREDICTED = 14


def make_item(
    image: StoredImage | None = None, decision: Decision | None = None, capture_id: str = "c-1"
) -> TriageItem:
    capture = make_capture(
        image, capture_id=capture_id, event_id="e-1", inference_id="i-1",
        prediction=make_prediction(PREDICTED, 0.75, p_value=0.004, flagged=True, reasons=("odd",)),
        provenance=Provenance("replay", 1, "pgd", 14, "ff"),
    )  # fmt: skip
    return TriageItem(capture, decision)


def verdict(kind: Verdict, right_class: int | None = None) -> Decision:
    return decide(make_item(), kind, right_class=right_class, note="  a note \n", analyst="ada")


# Verdicts


@pytest.mark.parametrize("kind", [Verdict.ADVERSARIAL, Verdict.MODEL_WRONG])
def test_a_wrong_prediction_takes_its_right_class(kind: Verdict) -> None:
    before = now()
    decision = verdict(kind, 1)
    assert (decision.capture_id, decision.verdict, decision.right_class) == ("c-1", kind, 1)
    assert (decision.note, decision.analyst) == ("a note", "ada")
    assert before <= decision.decided_at <= now()


@pytest.mark.parametrize("given", [None, 3, PREDICTED])
def test_right_after_all_means_the_predicted_class(given: int | None) -> None:
    assert verdict(Verdict.RIGHT_AFTER_ALL, given).right_class == PREDICTED


@pytest.mark.parametrize("given", [None, 3])
@pytest.mark.parametrize("kind", [Verdict.NOT_A_SIGN, Verdict.UNREADABLE])
def test_what_is_no_sign_has_no_right_class(kind: Verdict, given: int | None) -> None:
    assert verdict(kind, given).right_class is None


@pytest.mark.parametrize("kind", [Verdict.ADVERSARIAL, Verdict.MODEL_WRONG])
def test_a_wrong_prediction_needs_its_right_class(kind: Verdict) -> None:
    with raises(BadInput, f"the verdict `{kind}` needs the right class; choose one"):
        verdict(kind)
    with raises(
        BadInput,
        f"the verdict `{kind}` says that 14 Stop is wrong, and it is also the right class given; "
        "choose another class, or the verdict `right after all`",
    ):
        verdict(kind, PREDICTED)
    with raises(BadInput, "class id must lie in 0..42, got 43"):
        verdict(kind, 43)


# The export


def test_a_line_of_the_manifest_tells_everything() -> None:
    decision = Decision("c-1", Verdict.ADVERSARIAL, 1, "note", "ada", NOON)
    image = make_image()
    assert manifest_entry(make_item(image, decision), "01/c-1.png") == {
        "file": "01/c-1.png",
        "capture_id": "c-1",
        "event_id": "e-1",
        "inference_id": "i-1",
        "endpoint": "signwatch",
        "inferred_at": "2026-02-14T12:00:00+00:00",
        "image_sha256": image.sha256,
        "predicted_class": 14,
        "confidence": 0.75,
        "p_value": 0.004,
        "reasons": ["odd"],
        "provenance": {
            "source": "replay", "label": 1, "attack": "pgd", "target": 14, "clean_sha256": "ff",
        },
        "decision": {
            "capture_id": "c-1",
            "verdict": "adversarial",
            "right_class": 1,
            "note": "note",
            "analyst": "ada",
            "decided_at": "2026-02-14T12:00:00+00:00",
        },
    }  # fmt: skip
    assert manifest_entry(make_item(image), None)["decision"] is None


def exported(*pairs: tuple[TriageItem, StoredImage]) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(export_zip(pairs))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_pictures_are_exported_by_right_class_as_they_came() -> None:
    png, jpeg = make_image(), Picture.from_file(saved(gradient(8, 8), "JPEG"))
    other = StoredImage(jpeg.sha256, jpeg.media_type, jpeg.content, 8, 8)
    files = exported(
        (make_item(png, Decision("a", Verdict.ADVERSARIAL, 1, "", "x", NOON), "a"), png),
        (make_item(other, Decision("b", Verdict.RIGHT_AFTER_ALL, 14, "", "x", NOON), "b"), other),
        (make_item(png, Decision("c", Verdict.NOT_A_SIGN, None, "", "x", NOON), "c"), png),
        (make_item(png, None, "d"), png),
    )
    assert list(files) == ["01/a.png", "14/b.jpg", "manifest.jsonl"]
    assert files["01/a.png"] == png.content
    assert files["14/b.jpg"] == jpeg.content
    lines = [json.loads(line) for line in files["manifest.jsonl"].decode().splitlines()]
    assert [(line["capture_id"], line["file"]) for line in lines] == [
        ("a", "01/a.png"), ("b", "14/b.jpg"), ("c", None), ("d", None),
    ]  # fmt: skip


def test_an_export_of_nothing_is_an_empty_manifest() -> None:
    assert exported() == {"manifest.jsonl": b""}


def test_an_export_is_a_data_set(tmp_path: Path) -> None:
    image = make_image(5)
    content = export_zip(
        [(make_item(image, Decision("a", Verdict.MODEL_WRONG, 7, "", "x", NOON), "a"), image)]
    )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    dataset = datasets.load(tmp_path)
    assert dataset.labels.tolist() == [7]
    assert np.array_equal(dataset.images[0], blocks(5))
    assert np.array_equal(decode(image.content), blocks(5))
