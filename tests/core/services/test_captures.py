"""Captures: images of the log."""

import base64
import io
import zipfile
from datetime import timedelta

import numpy as np

from core.errors import NotFound
from core.images import ImageFile
from core.records.queries import CaptureFilter
from core.services import Services
from tests.support.expect import raises
from tests.support.images import blocks, saved
from tests.support.records import NOON, make_capture, make_image

EVERYTHING = CaptureFilter()


def test_a_reference_is_an_image_without_a_capture(signwatch: Services) -> None:
    content = saved(blocks(3), "BMP")
    sha256 = signwatch.captures.keep_reference(ImageFile.from_file(content))
    assert signwatch.captures.stored_image(sha256).content == content
    assert signwatch.captures.stored_image(sha256).media_type == "image/bmp"
    assert np.array_equal(signwatch.captures.image(sha256).pixels, blocks(3))
    assert signwatch.log.count(EVERYTHING) == 0


def test_images_are_found_by_the_captures_that_show_them(signwatch: Services) -> None:
    one, other = make_image(1), make_image(2)
    first, second = make_capture(one), make_capture(other)
    again, without = make_capture(one), make_capture(image_sha256=None)
    lost = make_capture(image_sha256="0" * 64)
    signwatch.log.append([first, second, again, without, lost], [one, other])
    asked = [each.capture_id for each in (first, again, without, lost)]
    found = signwatch.captures.images_of(asked)
    assert {name: image.content for name, image in found.items()} == {
        first.capture_id: one.content,
        again.capture_id: one.content,
    }


def test_the_list_is_read_page_by_page_newest_first(signwatch: Services) -> None:
    made = [make_capture(inferred_at=NOON + timedelta(minutes=n)) for n in range(5)]
    assert signwatch.captures.last_at() is None
    signwatch.log.append(made, [])
    assert signwatch.captures.last_at() == NOON + timedelta(minutes=4)
    assert signwatch.captures.count(EVERYTHING) == 5
    newest = [each.capture.capture_id for each in signwatch.captures.newest(EVERYTHING, limit=2)]
    assert newest == [made[4].capture_id, made[3].capture_id]
    page = signwatch.captures.page(EVERYTHING, limit=3)
    assert [each.capture.capture_id for each in page.items] == [
        made[n].capture_id for n in (4, 3, 2)
    ]
    assert signwatch.captures.one(made[1].capture_id).capture.inferred_at == made[1].inferred_at


def test_a_capture_is_written_as_a_line_and_into_a_zip(signwatch: Services) -> None:
    image = make_image(1)
    capture = make_capture(image)
    line = signwatch.captures.record(capture, image)
    assert line["eventMetadata"]["eventId"] == capture.event_id
    sent = line["captureData"]["endpointInput"]
    assert (sent["encoding"], base64.b64decode(sent["data"])) == ("BASE64", image.content)
    signwatch.log.append([capture], [image])
    file = io.BytesIO()
    assert signwatch.captures.write_zip(file, [capture], lambda _: None) == 1
    with zipfile.ZipFile(file) as archive:
        assert image.content in [archive.read(name) for name in archive.namelist()]


def test_a_image_that_is_not_there_is_named(signwatch: Services) -> None:
    with raises(NotFound, "no image abc in the capture log"):
        signwatch.captures.image("abc")
    with raises(NotFound, "no image abc in the capture log"):
        signwatch.captures.stored_image("abc")
