"""Records -> figures: what the charts show."""

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.plots import base
from core.plots.base import ALARM, ORDINARY
from core.records.monitoring import WindowFigures
from tests.support.records import counts, make_prediction


def figures_of(counts: dict[int, int]) -> WindowFigures:
    return WindowFigures(sum(counts.values()), counts, 0.9, 0, 0)


def texts(figure: go.Figure) -> list[str]:
    return [annotation.text for annotation in figure.layout.annotations]


# Class frequencies


def test_every_class_has_its_share_and_those_above_the_threshold_are_red() -> None:
    figure = base.class_frequencies(figures_of({14: 322, 1: 78}), 0.5, height=300)
    (bars,) = figure.data
    assert list(bars.x) == list(range(43))
    assert bars.y[14] == 0.805
    assert bars.y[1] == 0.195
    assert sum(bars.y) == pytest.approx(1)
    assert [n for n, colour in enumerate(bars.marker.color) if colour == ALARM] == [14]
    assert set(bars.marker.color) == {ALARM, ORDINARY}
    assert bars.customdata[14] == ["14 Stop", 322]
    assert bars.customdata[2] == ["2 Speed limit 50 km/h", 0]
    (line,) = figure.layout.shapes
    assert (line.y0, line.y1) == (0.5, 0.5)
    assert texts(figure) == ["threshold 50%", "<b>14 Stop: 80.5%</b>"]
    assert figure.layout.height == 300
    assert list(figure.layout.yaxis.range) == [0, pytest.approx(1.2 * 0.805)]


def test_clean_traffic_shows_nothing_red() -> None:
    figure = base.class_frequencies(figures_of({14: 1, 2: 1}), 0.5)
    assert set(figure.data[0].marker.color) == {ORDINARY}
    assert texts(figure) == ["threshold 50%"]


def test_foreign_classes_follow_in_places_of_their_own() -> None:
    many = {1000 + n: 30 - n for n in range(15)}
    figure = base.class_frequencies(figures_of(many | {2000: 600, 1: 100}), 0.5)
    (bars,) = figure.data
    assert list(bars.x) == list(range(43 + 12))
    assert bars.customdata[43] == ["2000 (no sign of ours)", 600]
    assert [each[1] for each in bars.customdata[43:]] == [600, *range(30, 19, -1)]
    assert [n for n, colour in enumerate(bars.marker.color) if colour == ALARM] == [43]
    (above,) = (each for each in figure.layout.annotations if "2000" in each.text)
    assert (above.x, above.y) == (43, bars.y[43])
    ticks = dict(zip(figure.layout.xaxis.tickvals, figure.layout.xaxis.ticktext, strict=True))
    assert (ticks[42], ticks[43], ticks[44], ticks[54]) == ("42", "2000", "1000", "1010")


def test_an_empty_window_shows_the_threshold_alone() -> None:
    figure = base.class_frequencies(figures_of({}), 0.25)
    assert set(figure.data[0].y) == {0.0}
    assert texts(figure) == ["threshold 25%"]


@given(counts, st.floats(0.001, 1))
def test_bars_and_threshold_are_always_in_view(counts: dict[int, int], threshold: float) -> None:
    figure = base.class_frequencies(figures_of(counts), threshold)
    low, high = figure.layout.yaxis.range
    assert low == 0
    assert max([threshold, *figure.data[0].y]) <= high


# One prediction


def test_the_three_most_likely_classes_the_best_on_top() -> None:
    prediction = make_prediction(14, 0.75)
    prediction.probabilities[3] = 0.125
    (bars,) = base.top_classes(prediction).data
    assert list(bars.y) == ["0 Speed limit 20 km/h", "3 Speed limit 60 km/h", "14 Stop"]
    assert list(bars.x)[1:] == [0.125, 0.75]
    assert list(bars.text)[1:] == ["12.5%", "75.0%"]
    assert bars.marker.color[-1] == ORDINARY


def test_the_baseline_stands_behind_the_window() -> None:
    found = WindowFigures(4, {14: 3, 2: 1}, 0.75, 1, 2)
    behind, window = base.class_frequencies(found, 0.5, baseline={14: 1, 3: 9}).data
    assert (behind.name, window.name) == ("baseline", "window")
    assert (behind.y[3], behind.y[14], window.y[14]) == (0.9, 0.1, 0.75)
    assert behind.width > window.width
    assert base.class_frequencies(found, 0.5, baseline={3: 1}).layout.barmode == "overlay"
    alone = base.class_frequencies(found, 0.5)
    assert [bar.name for bar in alone.data] == ["window"]
    assert base.class_frequencies(found, 0.5, baseline={3: 1}).layout.yaxis.range[1] == 1.12
