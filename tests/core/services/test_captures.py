"""Captures: images of the log."""

import numpy as np

from core.errors import NotFound
from core.images import ImageFile
from core.records.queries import CaptureFilter
from core.services import Services
from tests.support.expect import raises
from tests.support.images import blocks, saved

EVERYTHING = CaptureFilter()


def test_a_reference_is_an_image_without_a_capture(signwatch: Services) -> None:
    content = saved(blocks(3), "BMP")
    sha256 = signwatch.captures.keep_reference(ImageFile.from_file(content))
    assert signwatch.captures.stored_image(sha256).content == content
    assert signwatch.captures.stored_image(sha256).media_type == "image/bmp"
    assert np.array_equal(signwatch.captures.image(sha256).pixels, blocks(3))
    assert signwatch.log.count(EVERYTHING) == 0


def test_a_image_that_is_not_there_is_named(signwatch: Services) -> None:
    with raises(NotFound, "no image abc in the capture log"):
        signwatch.captures.image("abc")
    with raises(NotFound, "no image abc in the capture log"):
        signwatch.captures.stored_image("abc")
