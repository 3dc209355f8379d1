"""Images in the input of a captured request, and the standard way to write them."""

import base64
import json

import numpy as np

from core.capture.files.inputs import read_input, standard_content_type, standard_input
from core.capture.files.lines import Side
from core.images import ImageLimits
from core.invocations import RequestLimits
from tests.support.images import blocks, saved
from tests.support.npy import npy
from tests.support.records import make_image

LIMITS = RequestLimits()
ONE, TWO = make_image(1), make_image(2)


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_one_image_is_base64_and_several_are_json() -> None:
    assert standard_input([ONE]) == (encoded(ONE.content), "BASE64")
    data, encoding = standard_input([ONE, TWO])
    assert encoding == "JSON"
    assert json.loads(data) == {"images": [encoded(ONE.content), encoded(TWO.content)]}


def test_the_standard_input_is_read_back() -> None:
    for images in ([ONE], [ONE, TWO]):
        found = read_input(Side(None, *standard_input(images)), LIMITS)
        assert found.images == tuple(images)
        assert found.standard


def test_an_array_is_read_and_not_standard() -> None:
    found = read_input(Side(None, encoded(npy(blocks(1))), "BASE64"), LIMITS)
    assert (len(found.images), found.standard) == (1, False)
    assert (found.images[0].width, found.images[0].height) == (32, 32)


def test_what_holds_no_image_is_left_as_it_is() -> None:
    for side in (Side("text/csv", "1,2", "CSV"), Side(None, "%%%", "BASE64")):
        assert read_input(side, LIMITS) == ((), False)


def test_an_image_over_the_limits_is_left_as_it_is() -> None:
    limits = RequestLimits(image=ImageLimits(max_pixels=10))
    content = saved(np.zeros((8, 8, 3), np.uint8), "PNG")
    assert read_input(Side(None, encoded(content), "BASE64"), limits) == ((), False)


def test_the_content_type_is_the_observed_one_where_it_fits() -> None:
    assert standard_content_type([ONE], "image/jpeg") == "image/jpeg"
    assert standard_content_type([ONE], "text/csv") == ONE.media_type
    assert standard_content_type([ONE, TWO], "image/png") == "application/json"
