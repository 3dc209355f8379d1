"""What is imported comes out equal; what comes out, goes in once."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.capture.files.records import capture_record
from core.capture.provenance import RequestFacts
from core.records.captures import Capture, CaptureMode, StoredImage
from tests.core.capture.files.conftest import Files
from tests.support.capture_lines import (
    FILE,
    base64_side,
    ground_truth,
    predicted,
    read_tree,
    record,
    side,
    write_lines,
)
from tests.support.images import blocks, saved
from tests.support.npy import npy
from tests.support.records import (
    NO_PREDICTION,
    NOON,
    make_image,
    make_prediction,
    to_captures,
)

PNG, JPEG = saved(blocks(1), "PNG"), saved(blocks(2), "JPEG")
STOP = side("[[14]]")


def images_json(*contents: bytes, spaced: bool = True) -> dict:
    encoded = [base64.b64encode(content).decode() for content in contents]
    separators = (", ", ": ") if spaced else (",", ":")
    return side(json.dumps({"images": encoded}, separators=separators))


RECORDS: dict[str, dict[str, Any]] = {
    "the blog's": record(given=base64_side(npy(blocks()), "application/x-npy"), answered=STOP),
    "output only": predicted(0, 14),
    "input only": record(given=base64_side(PNG)),
    "an image file": record(given=base64_side(PNG, "image/png"), answered=STOP),
    "an image of another type": record(given=base64_side(JPEG, "image/png"), answered=STOP),
    "an image of no type": record(given=base64_side(PNG, None), answered=STOP),
    "an image of a type of its own": record(given=base64_side(PNG, "image/jpg"), answered=STOP),
    "two images": record(given=images_json(PNG, JPEG), answered=side("[[14], [2]]")),
    "two images, compact": record(
        given=images_json(PNG, JPEG, spaced=False), answered=side("[[14],[2]]")
    ),
    "one image as JSON": record(given=images_json(PNG), answered=STOP),
    "more answers than images": record(
        given=images_json(PNG, JPEG), answered=side("[[1],[2],[3]]")
    ),
    "more images than answers": record(given=images_json(PNG, JPEG), answered=STOP),
    "two images, input only": record(given=images_json(PNG, JPEG)),
    "an array of two": record(
        given=base64_side(npy(np.stack([blocks(1), blocks(2)])), "application/x-npy"),
        answered=side("[[14], [2]]"),
    ),
    "text before the base64": record(given=side("a,b", "CSV", "text/csv"), answered=STOP),
    "undecodable bytes": record(given=base64_side(b"\0\1\2", "application/octet-stream")),
    "no base64": record(given=side("%%%", "BASE64", "image/png"), answered=STOP),
    "an empty input": record(given=side("", "CSV", "text/csv"), answered=STOP),
    "CSV": record(given=side("1,2,3\n", "CSV", "text/csv"), answered=side("14", "CSV", "text/csv")),
    "CSV of two": record(answered=side("14\n2\n", "CSV", "text/csv; charset=utf-8")),
    "no content type": record(answered=side("[[14]]", content_type=None)),
    "another content type": record(answered=side("[[14]]", content_type="application/jsonlines")),
    "a null content type": record(answered=side("[[14]]") | {"observedContentType": None}),
    "a mode of its own": record(answered=side("[[14]]") | {"mode": "Output"}),
    "no space": record(answered=side("[[14],[2]]")),
    "a class alone": record(answered=side("14")),
    "probabilities": record(answered=side("[[0.25, 0.5, 0.25]]")),
    "our own answer": record(
        answered=side(
            json.dumps(
                {
                    "predictions": [
                        {"class_id": 14, "label": "Stop", "confidence": 0.75, "capture_id": None}
                    ]
                }
            )
        )
    ),
    "a label and a score": record(answered=side('{"predicted_label": 3, "score": 0.5}')),
    "binary output": record(answered=base64_side(b"[[14]]", "application/json")),
    "array output": record(answered=base64_side(npy(np.array([[14]])), "application/x-npy")),
    "batch transform": record(
        given=side("1,2", "CSV", "text/csv"),
        answered=side("14", "CSV"),
        output_name="batchTransformOutput",
    ),
    "attributes": record(answered=STOP, customAttributes=["a=b", "c", ""], inferenceId="i-1"),
    "provenance": record(answered=STOP, customAttributes=["source=camera-7;label=1"]),
    "an empty list of attributes": record(answered=STOP, customAttributes=[]),
    "a null inference id": record(answered=STOP, inferenceId=None),
    "an empty inference id": record(answered=STOP, inferenceId=""),
    "a fraction": record(answered=STOP, at="2022-02-14T17:25:49.123456Z"),
    "nanoseconds": record(answered=STOP, at="2022-02-14T17:25:49.123456789Z"),
    "an offset": record(answered=STOP, at="2022-02-14T19:25:49+02:00"),
    "no zone": record(answered=STOP, at="2022-02-14T17:25:49"),
    "further fields": record(answered=STOP, retries=3) | {"eventVersion": "1", "x": [1.5, None]},
    "both outputs": (both := record(answered=STOP))
    | {
        "captureData": both["captureData"]
        | {"batchTransformOutput": {"data": "7", "encoding": "CSV"}}
    },
    "a null input": {
        **(null := predicted(0, 14)),
        "captureData": null["captureData"] | {"endpointInput": None},
    },
    "odd text": record(given=side("\0\u2028é😀", "CSV"), answered=STOP, inferenceId="\0é"),
    "ground truth": ground_truth(0),
    "ground truth of two": ground_truth(0, "[[1], [2]]", "JSON"),
    "ground truth by inference id": ground_truth(0)
    | {"eventMetadata": {"eventId": "e", "inferenceId": "i"}, "eventVersion": "0"},
    "ground truth by inference id alone": ground_truth(0) | {"eventMetadata": {"inferenceId": "i"}},
    "ground truth with more": ground_truth(0) | {"eventVersion": "1", "x": {"y": []}},
}


@pytest.mark.parametrize("given", RECORDS.values(), ids=RECORDS)
def test_every_record_comes_out_equal(files: Files, tmp_path: Path, given: dict) -> None:
    write_lines(tmp_path / "in", FILE, [given])
    report = files.read(tmp_path / "in")
    assert (report.counts.unreadable, report.problems) == (0, [])
    files.write(tmp_path / "out")
    assert read_tree(tmp_path / "out") == [given]


def test_what_was_exported_goes_into_another_log_and_comes_out_equal(
    new_files: Callable[[], Files], tmp_path: Path
) -> None:
    records = [
        given | {"eventMetadata": given["eventMetadata"] | {"eventId": f"e-{k}"}}
        for k, given in enumerate(RECORDS.values())
        if "groundTruthData" not in given
    ]
    write_lines(tmp_path / "in", FILE, records)
    first, second = new_files(), new_files()
    assert first.read(tmp_path / "in").counts.stored == len(records)
    first.write(tmp_path / "out")
    assert second.read(tmp_path / "out").counts.stored == len(records)
    second.write(tmp_path / "again")
    assert (
        read_tree(tmp_path / "again") == read_tree(tmp_path / "out") == read_tree(tmp_path / "in")
    )


@pytest.mark.parametrize("mode", CaptureMode)
def test_our_own_captures_come_back_as_known(
    new_files: Callable[[], Files], tmp_path: Path, mode: CaptureMode
) -> None:
    images = [make_image(1), make_image(2)]
    facts = RequestFacts(
        "shop",
        "application/x-npy",
        custom_attributes="source=a;label=3",
        inference_id="i",
        received_at=NOON.replace(microsecond=654_321),
    )
    captures = to_captures(facts, images, [make_prediction(14), make_prediction(2)], "ab", mode)
    first, second = new_files(), new_files()
    first.log.append(captures, images)
    assert first.write(tmp_path / "out").lines == 1
    (line,) = read_tree(tmp_path / "out")
    assert line["eventMetadata"] == {
        "eventId": captures[0].event_id,
        "inferenceTime": "2026-02-14T12:00:00Z",
        "customAttributes": ["source=a;label=3"],
        "inferenceId": "i",
    }
    assert ("endpointInput" in line["captureData"]) == mode.keeps_input
    assert ("endpointOutput" in line["captureData"]) == mode.keeps_output
    assert first.read(tmp_path / "out").counts.repeated == 1
    assert len(first.captures()) == 2
    assert second.read(tmp_path / "out").counts.stored == 1
    second.write(tmp_path / "again")
    assert read_tree(tmp_path / "again") == [line]
    for ours, theirs in zip(first.captures(), second.captures(), strict=True):
        assert (theirs.class_id, theirs.image_sha256) == (ours.class_id, ours.image_sha256)
        assert theirs.provenance == ours.provenance


def test_several_of_our_own_images_are_one_line(files: Files, tmp_path: Path) -> None:
    images = [make_image(1), make_image(2)]
    predictions = [make_prediction(14), make_prediction(2)]
    captures = to_captures(RequestFacts(received_at=NOON), images, predictions, "ab")
    files.log.append(captures, images)
    files.write(tmp_path)
    file = tmp_path / "signwatch" / "AllTraffic" / "2026" / "02" / "14" / "12" / "captures.jsonl"
    sides = json.loads(file.read_text())["captureData"]
    encoded = [base64.b64encode(image.content).decode() for image in images]
    assert sides["endpointInput"] == {
        "observedContentType": "application/json",
        "mode": "INPUT",
        "data": json.dumps({"images": encoded}),
        "encoding": "JSON",
    }
    assert sides["endpointOutput"] == {
        "observedContentType": "application/json",
        "mode": "OUTPUT",
        "data": "[[14], [2]]",
        "encoding": "JSON",
    }


def test_a_side_is_written_whole_or_left_out() -> None:
    images = [make_image(1), make_image(2)]
    predictions = [make_prediction(14), make_prediction(2)]
    first, second = to_captures(RequestFacts(received_at=NOON), images, predictions, "ab")
    found = {image.sha256: image for image in images}
    unanswered = replace(second, **NO_PREDICTION)

    def sides(captures: list[Capture], images: dict[str, StoredImage]) -> list[str]:
        return list(capture_record(captures, images)["captureData"])

    assert sides([first, second], found) == ["endpointInput", "endpointOutput"]
    for image in images:
        assert sides([first, second], {image.sha256: image}) == ["endpointOutput"]
    assert sides([first, unanswered], found) == ["endpointInput"]
    assert sides([unanswered, first], found) == ["endpointInput"]


def test_where_the_image_was_deleted_the_answer_is_left(files: Files, tmp_path: Path) -> None:
    given = [
        record(0, given=base64_side(PNG, None), answered=STOP, retries=1),
        record(1, given=base64_side(PNG, "image/png"), answered=STOP),
    ]
    write_lines(tmp_path / "in", FILE, given)
    files.read(tmp_path / "in")
    with files.log.database.transaction() as transaction:
        transaction.execute("DELETE FROM log.images")
    files.write(tmp_path / "out")
    for each in given:
        del each["captureData"]["endpointInput"]
    assert read_tree(tmp_path / "out") == given
