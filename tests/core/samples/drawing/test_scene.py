"""Signs in their scenes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.samples.drawing import draw_scene
from core.samples.drawing.scene import SETTINGS


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean absolute difference of two images in grey levels, 0..255."""
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


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
