"""Light, weather and camera."""

from dataclasses import replace

import numpy as np
import pytest

from core.samples.drawing import light
from core.samples.drawing.light import OVERCAST, SUNNY

GREY = np.full((24, 24, 3), 0.5, np.float32)


def test_brightness_falls_off_around_the_level_of_the_sign() -> None:
    plain = replace(SUNNY, sign=0.8, tint=(1.0, 1.0, 1.0))
    shown = light.lit(np.random.default_rng(0), GREY, plain)
    assert shown.mean() == pytest.approx(0.5 * 0.8, rel=0.01)
    assert shown.max() <= 0.5 * 0.8 * 1.16
    assert shown.min() >= 0.5 * 0.8 * 0.84


@pytest.mark.parametrize("shadow", ["leaves", "edge"])
def test_a_shadow_takes_light_away(shadow: str) -> None:
    rng = np.random.default_rng(1)
    dark = light.lit(rng, GREY, replace(SUNNY, shadow=shadow))
    assert dark.mean() < light.lit(np.random.default_rng(1), GREY, SUNNY).mean()


def test_haze_pales_the_backdrop() -> None:
    clear = light.aired(GREY, replace(OVERCAST, haze=0.0))
    hazy = light.aired(GREY, replace(OVERCAST, haze=0.5))
    assert np.allclose(hazy, 0.5 * clear + 0.5 * np.array([0.80, 0.83, 0.86]), atol=1e-5)


def test_weather_takes_colour_away() -> None:
    red = np.zeros((24, 24, 3), np.float32)
    red[..., 0] = 1.0
    aged = light.weathered(np.random.default_rng(2), red)
    assert np.ptp(aged, axis=2).mean() < 1.0


def test_the_camera_darkens_corners_and_reduces() -> None:
    photo = light.photographed(np.random.default_rng(0), np.full((90, 90, 3), 0.6, np.float32), 30)
    assert (photo.shape, photo.dtype) == ((30, 30, 3), np.uint8)
    assert photo[0, 0].mean() < photo[15, 15].mean()
