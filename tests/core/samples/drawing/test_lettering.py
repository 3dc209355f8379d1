"""Letters and digits."""

import numpy as np
import pytest

from core.samples.drawing.lettering import CAPITALS, MEDIUM, NARROW, lettered
from core.samples.drawing.marks import BLACK


def test_lettering_is_centred_and_as_high_as_asked() -> None:
    points = np.concatenate(
        [mark.outline for mark in lettered("50", MEDIUM, height=0.8, ink=BLACK)]
    )
    assert np.ptp(points[:, 1]) == pytest.approx(0.8, rel=0.02)
    assert points[:, 0].min() + points[:, 0].max() == pytest.approx(0, abs=0.02)


def test_letters_stand_side_by_side_in_their_order_a_gap_apart() -> None:
    # 1.9, 3.04 and 3.04 wide with gaps of 0.52, in units of a seventh of the height: 9.02 in all.
    marks = lettered("100", NARROW, height=0.7, ink=BLACK)
    one, *zeros = marks
    assert one.outline[:, 0].min() == pytest.approx(-0.451)
    assert one.outline[:, 0].max() == pytest.approx(-0.451 + 0.19)
    corners = np.concatenate([mark.outline for mark in zeros])
    assert corners[:, 0].max() == pytest.approx(0.451, abs=2e-3)
    first = corners[corners[:, 0] < 0.121]  # the gap between the zeros is from 0.095 to 0.147
    assert first[:, 0].min() == pytest.approx(-0.209, abs=2e-3)
    assert first[:, 0].max() == pytest.approx(0.095, abs=2e-3)


def test_lettering_may_stand_higher() -> None:
    low, high = (lettered("ST", CAPITALS, height=0.4, ink=BLACK, y=y) for y in (0.0, -0.3))
    for one, other in zip(low, high, strict=True):
        assert np.allclose(one.outline + np.array([0, -0.3]), other.outline)
