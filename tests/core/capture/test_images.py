"""Images of captures: found, decoded, and what is missing."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.capture.images import CapturedImages, viewable
from core.errors import NotFound, TooLarge, UnsupportedMedia
from core.images import LONGEST_SIDE, ImageFile, ImageLimits
from core.records.captures import StoredImage
from core.store import CaptureLog
from tests.support.expect import raises
from tests.support.images import blocks, saved
from tests.support.records import make_capture, make_image

BROKEN = StoredImage("b" * 64, "image/png", b"no image", 1, 1)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[CaptureLog]:
    log = CaptureLog(tmp_path / "log.duckdb")
    yield log
    log.close()


@pytest.fixture
def images(log: CaptureLog) -> CapturedImages:
    log.append([], [make_image(1), make_image(2), BROKEN])
    return CapturedImages(log, ImageLimits(1_000_000, 1_000_000))


def test_an_image_is_found_by_the_checksum_of_its_file(images: CapturedImages) -> None:
    image = make_image(1)
    assert images.file(image.sha256) == image
    assert np.array_equal(images.decoded(image.sha256).pixels, blocks(1))


def test_what_is_not_there_is_not_found(images: CapturedImages) -> None:
    with raises(NotFound, "no image abc in the capture log"):
        images.file("abc")
    with raises(NotFound, "no image was captured: only the answer was kept, or imported"):
        images.decoded(None)
    with pytest.raises(UnsupportedMedia):
        images.decoded(BROKEN.sha256)


def test_the_limits_hold(log: CaptureLog) -> None:
    image = make_image(1)
    log.append([], [image])
    with pytest.raises(TooLarge):
        CapturedImages(log, ImageLimits(1_000_000, 10)).decoded(image.sha256)


def test_captures_without_a_readable_image_have_none(images: CapturedImages) -> None:
    captures = [
        make_capture(make_image(2)),
        make_capture(image_sha256=None),
        make_capture(make_image(3)),  # not in the log
        make_capture(BROKEN),
        make_capture(make_image(1)),
    ]
    found = images.pixels(captures)
    assert [each is None for each in found] == [False, True, True, True, False]
    assert np.array_equal(found[0], blocks(2))
    assert np.array_equal(found[4], blocks(1))


def test_a_large_image_is_shown_smaller_and_a_small_one_as_it_is() -> None:
    small = ImageFile.from_pixels(blocks(1))
    assert viewable(small) == small.content
    largest = ImageFile.from_pixels(blocks(1).repeat(LONGEST_SIDE // 32, axis=0))
    assert viewable(largest) == largest.content
    large = ImageFile.from_pixels(blocks(1).repeat(40, axis=0).repeat(20, axis=1))
    assert max(Image.open(io.BytesIO(viewable(large))).size) == LONGEST_SIDE


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "PPM"])
def test_what_is_shown_is_a_file_that_browsers_show(kind: str) -> None:
    image = ImageFile.from_file(saved(blocks(1), kind))
    shown = ImageFile.from_file(viewable(image))
    assert (viewable(image) == image.content) == (kind != "PPM")
    assert shown.media_type in ("image/png", "image/jpeg", "image/webp", "image/bmp")
    assert np.array_equal(shown.pixels, image.pixels)
