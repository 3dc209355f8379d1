"""A ZIP of captures: each image once, one line a capture, whatever was kept of it."""

import io
import json
import zipfile

import pytest

from core.capture.files.records import capture_record
from core.capture.zip import write_captures
from core.records.captures import StoredImage
from tests.support.records import NO_PREDICTION, make_capture, make_image, make_unanswered


def test_images_stand_once_and_every_capture_in_a_line() -> None:
    first, second = make_image(0), make_image(1)
    captures = [
        make_capture(first),
        make_capture(first),
        make_unanswered(second),
        make_capture(**NO_PREDICTION | {"class_id": 57, "image_sha256": None}),
    ]
    images = {image.sha256: image for image in (first, second)}
    file = io.BytesIO()
    seen: list[int] = []
    written = write_captures(
        file, captures, lambda names: {name: images[name] for name in names}, seen.append
    )
    assert (written, seen) == (4, [4])
    with zipfile.ZipFile(file) as archive:
        names = [f"pictures/{name}.png" for name in sorted(images)]
        assert archive.namelist() == [*names, "captures.jsonl"]
        assert [archive.read(name) for name in names] == [
            images[name].content for name in sorted(images)
        ]
        lines = archive.read("captures.jsonl").splitlines()
    assert [json.loads(line) for line in lines] == [
        capture_record([capture], images) for capture in captures
    ]


def test_a_long_list_is_written_piece_by_piece() -> None:
    image = make_image()
    asked: list[list[str]] = []

    def find(names: list[str]) -> dict[str, StoredImage]:
        asked.append(names)
        return {image.sha256: image}

    seen: list[int] = []
    captures = (make_capture(image) for _ in range(250))
    assert write_captures(io.BytesIO(), captures, find, seen.append) == 250
    assert seen == [100, 200, 250]
    assert asked == [[image.sha256]] * 3


@pytest.mark.parametrize(("kind", "suffix"), [("image/jpeg", "jpg"), ("image/x-other", "png")])
def test_a_image_is_named_after_its_kind(kind: str, suffix: str) -> None:
    image = StoredImage("ab" * 32, kind, b"content", 1, 1)
    file = io.BytesIO()
    write_captures(file, [make_capture(image)], lambda names: {image.sha256: image}, print)
    assert f"pictures/{image.sha256}.{suffix}" in zipfile.ZipFile(file).namelist()
