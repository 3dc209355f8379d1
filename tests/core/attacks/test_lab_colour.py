"""Lightness scaled in CIELAB."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.attacks.lab_colour import scale_lightness


@pytest.mark.parametrize(
    ("before", "factor", "after"),
    [
        ((255, 255, 255), 0.43, (102, 102, 102)),  # L* 100 -> 43
        ((119, 119, 119), 0.5, (59, 59, 59)),  # L* 50 -> 25
        ((0, 0, 0), 0.43, (0, 0, 0)),
        ((200, 30, 60), 1.0, (200, 30, 60)),
    ],
)
def test_lightness_is_scaled(
    before: tuple[int, int, int], factor: float, after: tuple[int, int, int]
) -> None:
    pixels = torch.tensor(before).view(1, 3, 1, 1) / 255
    found = scale_lightness(pixels, factor)
    assert (found.flatten() * 255).round().tolist() == list(after)


def test_a_red_stays_red_in_the_shadow() -> None:
    # L* 43.6, a* 64.1, b* 28.5 becomes L* 32.7 with the same a* and b*.
    dark = scale_lightness(torch.tensor([200, 30, 60]).view(1, 3, 1, 1) / 255, 0.75).flatten()
    assert dark[0] < 200 / 255 and dark[0] > 2 * dark[1] and dark[0] > 2 * dark[2]


def lab_of(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """8-bit sRGB (..., 3) -> L*, a*, b*, as CIE 15 and IEC 61966-2-1 have them."""
    s = levels / 255
    light = np.where(s > 0.04045, ((s + 0.055) / 1.055) ** 2.4, s / 12.92)
    primaries = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    t = light @ primaries.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def test_the_colours_of_the_test_are_cie_lab() -> None:
    assert lab_of(np.array([255.0, 0, 0])) == pytest.approx([53.2, 80.1, 67.2], abs=0.1)
    assert lab_of(np.array([0.0, 0, 255])) == pytest.approx([32.3, 79.2, -107.9], abs=0.1)


@pytest.mark.parametrize("factor", [0.9, 0.43])
def test_hue_and_chroma_stay_where_the_lightness_is_scaled(factor: float) -> None:
    # Dull colours, of which the dark ones can be shown, too; the last ones are nearly black.
    colours = np.array([[120.0, 110, 90], [150, 160, 170], [90, 70, 80], [9, 8, 7], [3, 3, 4]])
    pixels = torch.from_numpy(colours.T[None, :, :, None] / 255).float()
    found = scale_lightness(pixels, factor)[0, :, :, 0].T.double().numpy() * 255
    expected = lab_of(colours) * [factor, 1, 1]
    assert lab_of(found) == pytest.approx(expected, abs=0.02)


def test_a_colour_that_cannot_be_shown_is_clipped_channel_by_channel() -> None:
    blue = torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1)
    found = scale_lightness(blue, 0.43).flatten()
    assert found.min() == 0 and 0 < found[2] < 1
