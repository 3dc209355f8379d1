"""Corruptions: known answers, and laws that hold for every entry of CORRUPTIONS."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core import samples
from core.errors import BadInput
from core.images import fit
from core.model.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from tests.support.expect import raises
from tests.support.images import blocks, gradient, noise

every_kind = pytest.mark.parametrize("kind", CORRUPTIONS)


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Decibel; infinite for equal images."""
    error = np.square(one.astype(float) - other).mean()
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


# Known answers


def flat(level: int, side: int = 32) -> NDArray[np.uint8]:
    return np.full((side, side, 3), level, np.uint8)


@pytest.mark.parametrize(("severity", "deviation"), [(1, 0.04), (5, 0.10)])
def test_noise_has_its_standard_deviation(severity: int, deviation: float) -> None:
    noisy = corrupt(flat(128, 128), "noise", severity=severity)
    assert noisy.std() / 255 == pytest.approx(deviation, rel=0.02)
    assert noisy.mean() == pytest.approx(128, abs=0.5)


@pytest.mark.parametrize(("side", "width"), [(32, 32), (64, 64), (128, 128), (64, 160)])
def test_blur_spreads_a_point_by_its_sigma(side: int, width: int) -> None:
    """At severity 5, by 1/32 of the shorter side, whatever the side is."""
    image = np.zeros((side, width, 3), np.uint8)
    image[side // 2 - 1 : side // 2 + 1] = 255  # a line of two pixels
    column = corrupt(image, "blur", severity=5)[:, 0, 0].astype(float)
    places = np.arange(side) - (side - 1) / 2
    # A box of two pixels has a variance of 1/4 itself.
    sigma = np.sqrt((column * places**2).sum() / column.sum() - 1 / 4)
    assert sigma == pytest.approx(side / 32, rel=0.06)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        # The largest channel rises by 0.2 of 255, and the others keep their ratio to it.
        ("brightness", (100, 60, 0), (151, 91, 0)),
        ("brightness", (0, 0, 0), (51, 51, 51)),
        ("brightness", (250, 50, 0), (255, 51, 0)),
        # Nothing differs from the mean.
        ("contrast", (10, 200, 30), (10, 200, 30)),
        ("blur", (10, 200, 30), (10, 200, 30)),
    ],
)
def test_one_colour_at_severity_4(
    kind: str, before: tuple[int, int, int], after: tuple[int, int, int]
) -> None:
    image = np.broadcast_to(np.array(before, np.uint8), (8, 8, 3))
    colours = np.unique(corrupt(image, kind, severity=4).reshape(-1, 3), axis=0)
    assert colours.tolist() == [list(after)]


def test_contrast_leaves_its_share_of_every_difference() -> None:
    image = flat(0)
    image[:16] = 200
    less = corrupt(image, "contrast", severity=2)
    assert (np.unique(less[:16]).tolist(), np.unique(less[16:]).tolist()) == ([150], [50])


def test_fog_brightens_the_dark_and_keeps_the_range() -> None:
    image = flat(0)
    image[0, 0] = 255
    foggy = corrupt(image, "fog", severity=5)
    # White is 1 where there is most fog; black becomes h c / (1 + c) of it, h from 0 to 1.
    assert foggy[1:].max() == pytest.approx(255 * 1.5 / 2.5, abs=2)
    assert foggy[1:].min() <= 2


def test_jpeg_keeps_smooth_images_and_harms_edges() -> None:
    assert psnr(gradient(32, 32), corrupt(gradient(32, 32), "jpeg", severity=5)) > 35
    assert psnr(noise(32, 32), corrupt(noise(32, 32), "jpeg", severity=5)) < 25


# Laws


@every_kind
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(SEVERITIES), st.integers(0, 99))
def test_images_stay_images(kind: str, height: int, width: int, severity: int, seed: int) -> None:
    image = noise(height, width, seed)
    before = image.copy()
    worse = corrupt(image, kind, severity=severity, seed=seed)
    assert (worse.dtype, worse.shape) == (np.uint8, image.shape)
    assert np.array_equal(image, before)
    assert np.array_equal(worse, corrupt(image, kind, severity=severity, seed=seed))


@every_kind
@pytest.mark.parametrize("side", [32, 64, 128])
def test_every_severity_is_worse_than_the_one_before(kind: str, side: int) -> None:
    for class_id in (1, 14, 38):
        image = fit(samples.of_class(class_id)[0].image().pixels, side)
        quality = [psnr(image, corrupt(image, kind, severity=s)) for s in SEVERITIES]
        assert quality == sorted(quality, reverse=True)
        assert len(set(quality)) == len(quality) and quality[0] < 45


@pytest.mark.parametrize("kind", ["noise", "fog"])
def test_chance_depends_on_image_and_seed_alone(kind: str) -> None:
    same = [corrupt(blocks(1), kind, severity=3, seed=seed) for seed in (0, 0, 1)]
    assert np.array_equal(same[0], same[1]) and not np.array_equal(same[0], same[2])
    change = [corrupt(blocks(n), kind, severity=1).astype(int) - blocks(n) for n in (1, 2)]
    assert not np.array_equal(*change)


def test_the_table_says_what_its_strengths_are() -> None:
    assert list(CORRUPTIONS) == ["noise", "blur", "brightness", "contrast", "fog", "jpeg"]
    for corruption in CORRUPTIONS.values():
        assert len(corruption.strengths) == len(SEVERITIES)
        assert corruption.title and corruption.means


def test_what_does_not_exist_is_refused() -> None:
    with raises(
        BadInput,
        "unknown corruption 'rust'; there are noise, blur, brightness, contrast, fog, jpeg",
    ):
        corrupt(blocks(), "rust", severity=1)
    with raises(BadInput, "severity must lie in 1..5, got 6"):
        corrupt(blocks(), "fog", severity=6)
