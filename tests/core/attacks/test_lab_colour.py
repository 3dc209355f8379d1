"""Lightness scaled in CIELAB."""

from __future__ import annotations

import pytest
import torch

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
    # L* 43.3, a* 65.4, b* 29.0 becomes L* 32.5 with the same a* and b*.
    dark = scale_lightness(torch.tensor([200, 30, 60]).view(1, 3, 1, 1) / 255, 0.75).flatten()
    assert dark[0] < 200 / 255 and dark[0] > 2 * dark[1] and dark[0] > 2 * dark[2]
