"""Images that look alike at a glance, and those that do not."""

import numpy as np
import pytest

from core.triage.similarity import ALIKE, SIDE, likeness, look
from tests.support.images import blocks


def test_a_look_is_of_length_one_and_most_like_itself() -> None:
    own = look(blocks(1))
    assert own.shape == (3 * SIDE**2,)
    assert likeness(own, own) == pytest.approx(1)


def test_brightness_and_contrast_do_not_matter() -> None:
    pixels = blocks(1)
    darker = (pixels // 2 + 20).astype(np.uint8)
    assert likeness(look(pixels), look(darker)) > 0.99


def test_small_noise_is_alike_and_another_image_is_not() -> None:
    pixels = blocks(1)
    noise = np.random.default_rng(0).integers(-8, 9, pixels.shape)
    noisy = np.clip(pixels.astype(int) + noise, 0, 255).astype(np.uint8)
    assert likeness(look(pixels), look(noisy)) > ALIKE
    assert likeness(look(pixels), look(blocks(2))) < ALIKE


def test_the_negative_is_the_least_like_it() -> None:
    pixels = blocks(1)
    assert likeness(look(pixels), look(255 - pixels)) == pytest.approx(-1, abs=0.01)


def test_a_image_of_one_colour_is_like_nothing() -> None:
    plain = look(np.full((32, 32, 3), 90, dtype=np.uint8))
    assert not plain.any()
    assert likeness(plain, look(blocks(1))) == 0


def test_size_does_not_matter() -> None:
    pixels = blocks(1)
    twice = pixels.repeat(2, axis=0).repeat(2, axis=1)
    assert likeness(look(pixels), look(twice)) == pytest.approx(1, abs=1e-6)
