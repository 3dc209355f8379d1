"""Letters and digits."""

import numpy as np
import pytest

from core.samples.drawing.lettering import MEDIUM, lettered
from core.samples.drawing.marks import BLACK


def test_lettering_is_centred_and_as_high_as_asked() -> None:
    points = np.concatenate(
        [mark.outline for mark in lettered("50", MEDIUM, height=0.8, ink=BLACK)]
    )
    assert np.ptp(points[:, 1]) == pytest.approx(0.8, rel=0.02)
    assert points[:, 0].min() + points[:, 0].max() == pytest.approx(0, abs=0.02)
