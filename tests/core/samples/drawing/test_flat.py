"""The signs that the project draws itself: flat, in a scene, and on disk."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.samples.drawing import draw_scene, draw_sign

CLASSES = range(43)
SAMPLES = Path(__file__).parents[4] / "data" / "samples"
DISCS = (*range(11), 15, 16, 17, *range(32, 43))
MIRRORED = ((19, 20), (33, 34), (36, 37), (38, 39))


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean absolute difference of two images in grey levels, 0..255."""
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


def area(outline: NDArray[np.float64]) -> float:
    x, y = outline.T
    return abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2


@pytest.fixture(scope="module")
def flat() -> dict[int, NDArray[np.uint8]]:
    return {class_id: draw_sign(class_id, size=64) for class_id in CLASSES}


def test_a_flat_sign_is_rgba_on_transparency(flat: dict[int, NDArray[np.uint8]]) -> None:
    for sign in flat.values():
        assert sign.shape == (64, 64, 4)
        assert sign.dtype == np.uint8
        assert sign[32, 32, 3] == 255
        assert sign[0, 0, 3] == sign[-1, -1, 3] == 0 or sign[0, 0, 3] < 128


def test_a_flat_sign_is_256_pixels_wide_unless_asked_otherwise() -> None:
    assert draw_sign(14).shape == (256, 256, 4)


def test_edges_are_antialiased(flat: dict[int, NDArray[np.uint8]]) -> None:
    for sign in flat.values():
        assert len(np.unique(sign[..., 3])) > 4


def test_every_sign_reaches_the_edges_of_its_image(flat: dict[int, NDArray[np.uint8]]) -> None:
    for sign in flat.values():
        columns = np.flatnonzero(sign[..., 3].max(axis=0) > 128)
        assert columns[0] <= 1
        assert columns[-1] >= 62


def test_a_disc_covers_pi_quarters_of_its_image(flat: dict[int, NDArray[np.uint8]]) -> None:
    for class_id in DISCS:
        covered = flat[class_id][..., 3].mean() / 255
        assert covered == pytest.approx(np.pi / 4 / 1.02**2, abs=0.005)


def test_all_classes_look_different(flat: dict[int, NDArray[np.uint8]]) -> None:
    for one in CLASSES:
        for other in range(one):
            assert difference(flat[one], flat[other]) > 1.5, (one, other)


@pytest.mark.parametrize(("left", "right"), MIRRORED)
def test_left_and_right_are_mirror_images(
    flat: dict[int, NDArray[np.uint8]], left: int, right: int
) -> None:
    assert difference(flat[left][:, ::-1], flat[right]) < 1
    assert difference(flat[left], flat[right]) > 5


@pytest.mark.parametrize(
    ("class_id", "where", "channel"),
    [(14, (12, 32), 0), (17, (12, 32), 0), (35, (32, 10), 2), (2, (3, 32), 0)],
)
def test_plates_have_their_colour(
    flat: dict[int, NDArray[np.uint8]], class_id: int, where: tuple[int, int], channel: int
) -> None:
    pixel = flat[class_id][where][:3].astype(int)
    others = np.delete(pixel, channel)
    assert pixel[channel] > others.max() + 60


def test_drawing_twice_gives_the_same_sign(flat: dict[int, NDArray[np.uint8]]) -> None:
    assert np.array_equal(draw_sign(31, size=64), flat[31])


@pytest.mark.parametrize("class_id", [43, -1])
def test_an_unknown_class_is_refused(class_id: int) -> None:
    message = f"class_id must be an integer in 0..42, got {class_id}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        draw_sign(class_id)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        draw_scene(class_id, seed=0)


def test_a_tiny_size_is_refused() -> None:
    message = "size must be at least 16 pixels, got 15"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        draw_sign(0, size=15)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        draw_scene(0, seed=0, size=15)
