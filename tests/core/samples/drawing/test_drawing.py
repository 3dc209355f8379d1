"""The signs that the project draws itself: flat, in a scene, and on disk."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.samples.drawing import draw_scene, draw_sign, write_samples
from core.samples.drawing.geometry import circle, path, rounded, stroked
from core.samples.drawing.lettering import MEDIUM, lettered
from core.samples.drawing.marks import BLACK
from core.samples.drawing.scene import SETTINGS

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


# The flat sign


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


# The scene


def test_a_scene_is_an_rgb_image() -> None:
    scene = draw_scene(14, seed=0)
    assert scene.shape == (128, 128, 3)
    assert scene.dtype == np.uint8


@pytest.mark.parametrize("size", [16, 33, 64])
def test_a_scene_has_the_size_asked_for(size: int) -> None:
    assert draw_scene(3, seed=1, size=size).shape == (size, size, 3)


def test_a_seed_fixes_the_scene() -> None:
    first = draw_scene(25, seed=7, size=48)
    assert np.array_equal(first, draw_scene(25, seed=7, size=48))
    assert difference(first, draw_scene(25, seed=8, size=48)) > 5
    assert difference(first, draw_scene(26, seed=7, size=48)) > 5


def test_drawing_leaves_the_global_random_state_alone() -> None:
    state = np.random.get_state()[1]
    draw_scene(12, seed=0, size=32)
    assert np.array_equal(state, np.random.get_state()[1])


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^seed must be at least 0, got -1$"):
        draw_scene(0, seed=-1)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_backdrop_is_a_varied_image(name: str) -> None:
    image = SETTINGS[name].paint(np.random.default_rng(0), 60)
    assert image.shape == (60, 60, 3)
    assert image.dtype == np.float32
    assert image.min() >= 0
    assert image.max() <= 1
    assert len(np.unique(image.round(2))) > 15


def test_the_sign_stands_in_the_middle_of_its_scene() -> None:
    for seed in range(6):
        scene = draw_scene(38, seed=seed, size=64).astype(int)
        blue = (scene[..., 2] > scene[..., 0] + 20) & (scene[..., 2] > scene[..., 1] + 15)
        assert blue[20:44, 20:44].mean() > 0.4


# Samples on disk


def test_write_samples_writes_one_folder_a_class(tmp_path: Path) -> None:
    calls: list[tuple[int, int, str]] = []
    paths = write_samples(
        tmp_path / "signs", per_class=1, size=16, progress=lambda *call: calls.append(call)
    )
    assert paths == [tmp_path / "signs" / f"{class_id:02d}" / "0.png" for class_id in CLASSES]
    assert sorted((tmp_path / "signs").rglob("*.png")) == paths
    assert calls == [(done, 43, "drawn") for done in range(1, 44)]
    with Image.open(paths[14]) as image:
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), draw_scene(14, seed=0, size=16))


def test_no_samples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^per_class must be at least 1, got 0$"):
        write_samples(tmp_path, per_class=0)
    assert list(tmp_path.iterdir()) == []


def test_the_kept_samples_are_complete_and_small() -> None:
    names = {str(file.relative_to(SAMPLES)) for file in SAMPLES.rglob("*.png")}
    assert names == {f"{class_id:02d}/{n}.png" for class_id in CLASSES for n in range(6)}
    assert sum(file.stat().st_size for file in SAMPLES.rglob("*.png")) < 6_000_000


@pytest.mark.parametrize(("class_id", "seed"), [(0, 0), (14, 0), (14, 3), (25, 5), (42, 2)])
def test_the_kept_samples_are_what_the_code_draws(class_id: int, seed: int) -> None:
    with Image.open(SAMPLES / f"{class_id:02d}" / f"{seed}.png") as image:
        kept = np.asarray(image)
    # Not exactly equal: the last bit of a float may differ from one processor to another.
    assert difference(kept, draw_scene(class_id, seed=seed)) < 0.25


# Polygons


def test_a_path_keeps_its_corners() -> None:
    (square,) = path("M 0 0 H 2 V 2 L 0 2 Z")
    assert square.tolist() == [[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]


def test_a_path_may_have_several_parts_and_curves() -> None:
    line, curve = path("M 0 0 L 1 -.5 M 0 0 Q 1 0 1 1")
    assert line.tolist() == [[0, 0], [1, -0.5]]
    assert curve[0].tolist() == [0, 0]
    assert curve[-1].tolist() == [1, 1]


def test_a_circle_has_the_area_of_a_circle() -> None:
    assert area(circle(3, -2, 2)) == pytest.approx(4 * np.pi, rel=0.01)


def test_rounding_takes_the_corners_off_a_square() -> None:
    square = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    # Four corner squares of side r lose (1 - pi / 4) of their area each.
    assert area(rounded(square, 0.5)) == pytest.approx(4 - 4 * 0.25 * (1 - np.pi / 4), rel=1e-3)


def test_a_stroke_is_as_wide_as_its_pen() -> None:
    (bar,) = stroked(np.array([[0.0, 0.0], [3.0, 0.0]]), 0.5)
    assert area(bar) == pytest.approx(1.5)
    assert np.ptp(bar, axis=0).tolist() == [3.0, 0.5]


def test_lettering_is_centred_and_as_high_as_asked() -> None:
    points = np.concatenate(
        [mark.outline for mark in lettered("50", MEDIUM, height=0.8, ink=BLACK)]
    )
    assert np.ptp(points[:, 1]) == pytest.approx(0.8, rel=0.02)
    assert points[:, 0].min() + points[:, 0].max() == pytest.approx(0, abs=0.02)
