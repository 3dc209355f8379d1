"""Backdrops: varied, within the range, fixed by their generator."""

import numpy as np
import pytest

from core.samples.drawing import town


@pytest.mark.parametrize("paint", [town.facade, town.bricks, town.road, town.dusk, town.night])
def test_a_backdrop_is_varied_and_fixed_by_its_generator(paint) -> None:  # type: ignore[no-untyped-def]
    one, two = (paint(np.random.default_rng(5), 40) for _ in range(2))
    assert (one.shape, one.dtype) == ((40, 40, 3), np.float32)
    assert 0 <= one.min() <= one.max() <= 1
    assert one.std() > 0.02
    assert np.array_equal(one, two)
    assert not np.array_equal(one, paint(np.random.default_rng(6), 40))


def test_night_is_darker_than_dusk_and_dusk_than_day() -> None:
    night, dusk, day = (
        paint(np.random.default_rng(0), 40).mean() for paint in (town.night, town.dusk, town.road)
    )
    assert night < dusk < day
