"""The e-value of the drift detector over time."""

from datetime import timedelta
from math import log10

from core.plots.base import ALARM, ORDINARY
from core.plots.drift import LEAST, e_values
from core.records.drift import EValuePoint
from core.records.window import Window
from core.thumbnails import MUTED
from tests.support.records import NOON

MINUTE = timedelta(minutes=1)
WINDOW = Window(NOON, NOON + 10 * MINUTE)
POINTS = [
    EValuePoint("class", NOON, 0.01),
    EValuePoint("confidence", NOON, 2.0),
    EValuePoint("class", NOON + MINUTE, 20_000.0),
]


def test_each_channel_is_a_curve_below_the_threshold() -> None:
    figure = e_values(POINTS, 10_000, WINDOW, channels={"confidence": True, "class": False})
    confidence, compared = figure.data
    assert (confidence.name, compared.name) == ("confidence", "class, for comparison")
    assert (confidence.line.color, compared.line.color) == (ORDINARY, MUTED)
    assert list(compared.y) == [LEAST, 20_000.0]
    assert list(compared.x) == [NOON, NOON + MINUTE]
    (threshold,) = figure.layout.shapes
    assert (threshold.y0, threshold.y1, threshold.line.color) == (10_000, 10_000, ALARM)
    assert figure.layout.annotations[0].text == "alarm at 10,000"


def test_the_axes_hold_window_threshold_and_peak() -> None:
    figure = e_values(POINTS, 10_000, WINDOW, channels={"class": True})
    assert figure.layout.xaxis.range == (WINDOW.start, WINDOW.end)
    low, high = figure.layout.yaxis.range
    assert low == log10(LEAST)
    assert high > log10(20_000)
    empty = e_values([], 10_000, WINDOW, channels={"class": True})
    assert empty.layout.yaxis.range[1] > log10(10_000)
