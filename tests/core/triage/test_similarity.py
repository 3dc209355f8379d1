"""Near-duplicates, and images that are none."""

import numpy as np
import pytest

from core.triage.similarity import NEAR_DUPLICATE, SIDE, signature, similarity
from tests.support.images import blocks


def test_a_signature_is_of_length_one_and_most_similar_to_itself() -> None:
    own = signature(blocks(1))
    assert own.shape == (3 * SIDE**2,)
    assert similarity(own, own) == pytest.approx(1)


def test_brightness_and_contrast_do_not_matter() -> None:
    pixels = blocks(1)
    darker = (pixels // 2 + 20).astype(np.uint8)
    assert similarity(signature(pixels), signature(darker)) > 0.99


def test_a_tint_does_not_matter() -> None:
    pixels = blocks(1) // 2
    tinted = pixels + np.array([100, 0, 30], dtype=np.uint8)
    assert similarity(signature(pixels), signature(tinted)) == pytest.approx(1, abs=1e-6)


def test_small_noise_gives_a_near_duplicate_and_another_image_is_none() -> None:
    pixels = blocks(1)
    noise = np.random.default_rng(0).integers(-8, 9, pixels.shape)
    noisy = np.clip(pixels.astype(int) + noise, 0, 255).astype(np.uint8)
    assert similarity(signature(pixels), signature(noisy)) > NEAR_DUPLICATE
    assert similarity(signature(pixels), signature(blocks(2))) < NEAR_DUPLICATE


def test_the_negative_is_the_least_similar() -> None:
    pixels = blocks(1)
    assert similarity(signature(pixels), signature(255 - pixels)) == pytest.approx(-1, abs=0.01)


def test_an_image_of_one_colour_is_similar_to_nothing() -> None:
    plain = signature(np.full((32, 32, 3), 90, dtype=np.uint8))
    assert not plain.any()
    assert similarity(plain, signature(blocks(1))) == 0


def test_size_does_not_matter() -> None:
    pixels = blocks(1)
    twice = pixels.repeat(2, axis=0).repeat(2, axis=1)
    assert similarity(signature(pixels), signature(twice)) == pytest.approx(1, abs=1e-6)
