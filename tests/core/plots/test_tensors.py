"""Recorded tensors as figures: channels on one scale, histograms of what is finite."""

import numpy as np
import pytest

from core.plots.tensors import (
    CHANNELS,
    as_channels,
    channel_grid,
    histogram,
    over_steps,
    values,
)
from core.records.tensors import TensorFacts


def test_channels_lie_beside_each_other_on_one_scale() -> None:
    channels = np.stack([np.full((2, 3), value) for value in (0.0, 5.0, 1.0)])
    (heat,) = channel_grid(channels, columns=2).data
    assert heat.z.shape == (5, 7)
    assert heat.z[0].tolist()[:3] == [0, 0, 0]
    assert np.isnan(heat.z[0, 3])
    assert heat.z[1, 4:].tolist() == [5, 5, 5]
    assert heat.z[3, :3].tolist() == [1, 1, 1]
    assert np.isnan(heat.z[3, 4:]).all()
    assert (heat.zmin, heat.zmax) == (0, 5)
    assert heat.customdata[4, 0] == 2


def test_a_scale_with_both_signs_has_its_middle_at_zero() -> None:
    (heat,) = channel_grid(np.array([[[-1.0, 4.0], [np.nan, np.inf]]])).data
    assert (heat.zmin, heat.zmax) == (-4, 4)


def test_of_many_channels_some_are_shown() -> None:
    channels = np.arange(100.0)[:, None, None] * np.ones((1, 2, 2))
    (heat,) = channel_grid(channels, first=CHANNELS).data
    assert (heat.zmin, heat.zmax) == (0, 99)
    assert np.nanmin(heat.z) == CHANNELS


@pytest.mark.parametrize(
    ("shape", "channels"),
    [
        ((1, 8, 4, 4), 8),
        ((3, 2, 5, 5), 6),
        ((1, 8, 1, 1), None),
        ((1, 10), None),
        ((), None),
        ((3, 4, 4), 3),
    ],
)
def test_which_tensors_are_images(shape: tuple[int, ...], channels: int | None) -> None:
    found = as_channels(np.zeros(shape))
    assert (None if found is None else len(found)) == channels


def test_the_histogram_counts_what_is_finite() -> None:
    (bars,) = histogram(np.array([0.0, 0.0, 1.0, np.nan, np.inf])).data
    assert (bars.y[0], bars.y[-1], bars.y.sum()) == (2, 1, 3)
    assert (bars.x[0], bars.x[-1]) == pytest.approx((1 / 120, 119 / 120))
    (empty,) = histogram(np.array([np.nan])).data
    assert empty.y.sum() == 0


def test_mean_and_range_over_steps() -> None:
    history = {
        step: TensorFacts.of("x", np.array(values, np.float32))
        for step, values in {3: [-1.0, 0.0, 4.0], 7: [2.0, 2.0, 8.0], 9: [5.0]}.items()
    }
    span, mean = over_steps(history, 7).data
    assert (list(mean.x), list(mean.y)) == ([3, 7, 9], [1, 4, 5])
    assert list(mean.marker.size) == [6, 12, 6]
    # Along the largest values, and back along the smallest.
    assert list(zip(span.x, span.y, strict=True)) == [
        (3, 4),
        (7, 8),
        (9, 5),
        (9, 5),
        (7, 2),
        (3, -1),
    ]


def test_values_are_shown_by_index() -> None:
    (bars,) = values(np.array([[1.5, -2.0], [0.25, 4.0]], np.float32)).data
    assert list(bars.y) == [1.5, -2.0, 0.25, 4.0]
