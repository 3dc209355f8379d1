"""Backdrops: varied, within the range, fixed by their generator."""

import numpy as np
import pytest

from core.samples.drawing import nature


@pytest.mark.parametrize(
    "paint",
    [
        nature.clear_sky,
        nature.overcast_sky,
        nature.foliage,
        nature.autumn,
        nature.forest,
        nature.fields,
        nature.snow,
    ],
)
def test_a_backdrop_is_varied_and_fixed_by_its_generator(paint) -> None:  # type: ignore[no-untyped-def]
    one, two = (paint(np.random.default_rng(5), 40) for _ in range(2))
    assert (one.shape, one.dtype) == ((40, 40, 3), np.float32)
    assert 0 <= one.min() <= one.max() <= 1
    assert one.std() > 0.02
    assert np.array_equal(one, two)
    assert not np.array_equal(one, paint(np.random.default_rng(6), 40))


def test_the_sky_is_brighter_than_the_wood_below() -> None:
    scene = nature.clear_sky(np.random.default_rng(0), 40)
    assert scene[:10].mean() > scene[-3:].mean()


def test_autumn_is_redder_than_summer() -> None:
    summer, autumn = (
        paint(np.random.default_rng(0), 40) for paint in (nature.foliage, nature.autumn)
    )
    assert (autumn[..., 0] - autumn[..., 1]).mean() > (summer[..., 0] - summer[..., 1]).mean()
