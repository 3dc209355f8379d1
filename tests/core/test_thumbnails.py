"""Images of display size, as URLs, and differences made visible."""

import base64

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core import thumbnails
from core.images import decode
from tests.support.images import blocks, noise


@given(st.integers(1, 40), st.integers(1, 40))
def test_small_images_are_enlarged_with_their_proportions(height: int, width: int) -> None:
    shown = thumbnails.enlarged(noise(height, width), 64)
    assert max(shown.shape[:2]) == 64
    assert abs(shown.shape[0] * width - shown.shape[1] * height) <= max(height, width)


def test_large_images_are_left_alone() -> None:
    pixels = noise(10, 300)
    assert thumbnails.enlarged(pixels) is pixels


@given(st.integers(1, 100), st.integers(1, 100))
def test_resizing_gives_the_longest_side(height: int, width: int) -> None:
    shown = thumbnails.resized(noise(height, width), 50)
    assert max(shown.shape[:2]) == 50
    assert min(shown.shape[:2]) >= 1


def test_a_image_inside_a_url() -> None:
    head, _, data = thumbnails.data_url(blocks()).partition(",")
    assert head == "data:image/png;base64"
    assert np.array_equal(decode(base64.b64decode(data)), blocks())


def test_a_thumbnail_is_small() -> None:
    data = thumbnails.thumbnail(noise(300, 200)).partition(",")[2]
    assert decode(base64.b64decode(data)).shape == (64, 43, 3)


def test_a_tile_of_a_strip_is_smaller_and_a_jpeg() -> None:
    head, _, data = thumbnails.strip_tile(noise(300, 200)).partition(",")
    content = base64.b64decode(data)
    assert (head, content[:2]) == ("data:image/jpeg;base64", b"\xff\xd8")
    assert decode(content).shape == (56, 37, 3)


def test_what_has_no_image_is_shown_as_a_frame_with_one_line_across() -> None:
    tile = decode(base64.b64decode(thumbnails.no_image().partition(",")[2]))
    assert tile.shape == (64, 64, 3)
    for row, column in [(0, 30), (63, 30), (1, 1), (30, 0), (30, 33), (33, 30)]:
        assert (tile[row, column] == 150).all()
    for row, column in [(30, 30), (33, 33), (2, 2), (10, 40)]:
        assert (tile[row, column] == 225).all()


def test_a_difference_is_magnified_as_far_as_it_goes() -> None:
    clean = np.full((2, 2, 3), 100, dtype=np.uint8)
    changed = clean.copy()
    changed[0, 0] = (108, 92, 100)
    shown, factor = thumbnails.magnified_difference(clean, changed)
    assert factor == 15
    assert shown[0, 0].tolist() == [128 + 120, 128 - 120, 128]
    assert (shown[1] == 128).all()


def test_no_difference_is_grey() -> None:
    shown, factor = thumbnails.magnified_difference(blocks(), blocks())
    assert factor == 1
    assert (shown == 128).all()


@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_no_difference_runs_over(one: int, other: int) -> None:
    clean, changed = noise(3, 3, one), noise(3, 3, other)
    shown, factor = thumbnails.magnified_difference(clean, changed)
    change = changed.astype(int) - clean
    assert factor >= 1
    assert np.array_equal(shown > 128, change > 0)
    assert np.array_equal(shown < 128, change < 0)
