"""Which way up an image is."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from core.images.orientation import as_stored, read_orientation
from tests.support.images import exif_block, noise


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4])
@pytest.mark.parametrize("value", range(1, 9))
def test_it_is_read_from_exif(order: str, kind: int, value: int) -> None:
    block = exif_block(value, order=order, kind=kind)
    assert read_orientation(block) == value
    assert read_orientation(b"Exif\0\0" + block) == value


@pytest.mark.parametrize("value", [0, 9, 255, 65_535])
def test_what_is_none_is_upright(value: int) -> None:
    assert read_orientation(exif_block(value)) == 1


def test_exif_goes_before_xmp() -> None:
    xmp = b"<x><tiff:Orientation>5</tiff:Orientation></x>"
    assert read_orientation(xmp=xmp) == 5
    assert read_orientation(exif_block(3), xmp) == 3
    assert read_orientation(b"broken", xmp) == 5
    assert read_orientation(xmp=b'tiff:Orientation="9"') == 1


@given(st.binary(max_size=60), st.integers(0, 40), st.binary(max_size=8))
def test_no_block_raises(data: bytes, cut: int, other: bytes) -> None:
    block = exif_block(6)
    for exif in (data, b"II*\0" + data, block[:cut], block[:cut] + other + block[cut:]):
        assert 1 <= read_orientation(exif, data) <= 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_view_undoes_what_pillow_does(orientation: int) -> None:
    stored = noise(3, 5)
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    Image.fromarray(stored).save(buffer, "PNG", exif=exif)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(buffer)))
    assert np.array_equal(as_stored(upright, orientation), stored)
