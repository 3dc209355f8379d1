"""The Overview's charts: what is drawn is what was found."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.labels import class_name
from core.plots import overview
from core.plots.overview import DARK, FEWEST_RUNS, LIGHT
from core.records.drift import EValuePoint
from core.records.monitoring import ConfidenceAt, ExecutionStatus, WindowFigures
from core.records.window import Window
from tests.support.contrast import contrast
from tests.support.executions import CLEAN, ended
from tests.support.records import NOON

LATER = NOON + timedelta(seconds=10)
WINDOW = Window(NOON, NOON + timedelta(minutes=1))
NOON_ISO, LATER_ISO = "2026-02-14T12:00:00.000+00:00", "2026-02-14T12:00:10.000+00:00"


def by_id(option: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in option["series"]}


# Class frequencies


def frequencies(counts: dict[int, int], **options: Any) -> dict[str, Any]:
    figures = WindowFigures(sum(counts.values()), counts, None, None, None)
    given = {"baseline": {}, "icons": {}} | options
    return overview.frequencies(figures, given.pop("threshold", 0.5), LIGHT, **given)


def test_bars_are_shares_in_per_cent_with_what_a_tooltip_says() -> None:
    bars = by_id(frequencies({14: 6, 1: 2}, baseline={14: 1, 3: 9}))
    stop = bars["window"]["data"][14]["value"]
    found, expected = "75.00% of the window (6 predictions)", "10.00% of the baseline"
    assert stop == ["14", 75.0, "14 Stop", found, expected]
    assert bars["window"]["dimensions"] == ["class", "share", "name", "found", "expected"]
    assert [n for n in bars["baseline"]["data"] if n] == [90.0, 10.0]
    assert "baseline" not in by_id(frequencies({14: 1}))


@pytest.mark.parametrize(("threshold", "red"), [(0.5, [14]), (0.2, [1, 14]), (0.75, [])])
def test_classes_above_the_threshold_are_red(threshold: float, red: list[int]) -> None:
    option = frequencies({14: 6, 1: 2}, threshold=threshold)
    bars = by_id(option)["window"]
    assert [
        int(b["value"][0]) for b in bars["data"] if b["itemStyle"]["color"] == LIGHT.alarm
    ] == red
    assert [int(b["value"][0]) for b in bars["data"] if b["label"]["show"]] == red
    assert bars["markLine"]["data"] == [{"yAxis": 100 * threshold}]
    assert bars["markLine"]["label"]["formatter"] == f"threshold {threshold:.0%}"


def test_the_class_of_an_alarm_is_red_below_the_threshold_too() -> None:
    bars = by_id(frequencies({14: 1, 2: 9}, question=14, threshold=0.95))["window"]["data"]
    assert [k for k, bar in enumerate(bars) if bar["label"]["show"]] == [14]
    assert bars[14]["label"]["formatter"] == "14 Stop: 10.0%"


def test_ordered_by_how_far_they_are_from_the_baseline() -> None:
    option = frequencies({14: 5, 2: 4, 1: 1}, baseline={2: 9, 1: 1}, by_change=True)
    # 14 gained 0.5, 2 lost 0.5, 1 is as ever.
    first = [bar["value"][0] for bar in by_id(option)["window"]["data"][:3]]
    assert first == ["2", "14", "0"]
    assert by_id(option)["baseline"]["data"][:2] == [90.0, 0.0]
    assert option["xAxis"][1]["data"][:2] == ["2", "14"]


def test_a_class_without_an_image_shows_its_number() -> None:
    labels = frequencies({14: 1}, icons={14: "data:x"})["xAxis"][0]["data"]
    assert labels[14]["textStyle"]["backgroundColor"] == {"image": "data:x"}
    assert labels[2] == "2"


def test_classes_of_others_follow() -> None:
    bars = by_id(frequencies({2000: 3, 14: 1}))["window"]["data"]
    assert len(bars) == 44
    assert bars[43]["value"][:3] == ["2000", 75.0, class_name(2000)]


def test_what_is_highest_has_room() -> None:
    assert frequencies({14: 1})["yAxis"]["max"] == 112
    assert frequencies({14: 1, 2: 9, 3: 10, 4: 10}, threshold=0.2)["yAxis"]["max"] == 40
    assert frequencies({}, threshold=0.25)["yAxis"]["max"] == 30


# Over time


def test_confidence_and_the_share_that_is_unsure() -> None:
    found = [ConfidenceAt(NOON, 4, 0.75, 1), ConfidenceAt(LATER, 2, 0.5, 2)]
    option = overview.confidence(found, LIGHT, low=0.6, expected=0.9, window=WINDOW)
    unsure, mean = option["series"]
    assert (unsure["name"], unsure["data"]) == ("below 60%", [[NOON_ISO, 25], [LATER_ISO, 100]])
    assert (mean["name"], mean["data"]) == ("mean confidence", [[NOON_ISO, 75], [LATER_ISO, 50]])
    assert mean["markLine"]["data"] == [{"yAxis": 90}]
    assert mean["markLine"]["label"]["formatter"] == "baseline 90.0%"
    axis = option["xAxis"]
    assert (axis["min"], axis["max"]) == (NOON_ISO, "2026-02-14T12:01:00.000+00:00")
    assert option["useUTC"]
    alone = overview.confidence(found, LIGHT, low=0.6, expected=None, window=WINDOW)
    assert "markLine" not in alone["series"][1]


def test_the_class_that_is_predicted_most_stands_apart() -> None:
    counts = [(NOON, 2, 5), (NOON, 14, 3), (LATER, 14, 9), (LATER, 1, 1)]
    option = overview.traffic(counts, LIGHT, bucket_seconds=10, window=WINDOW)
    own, rest = option["series"]
    assert (own["name"], rest["name"]) == ("14 Stop", "all other classes")
    assert own["data"] == [[NOON_ISO, 3], [LATER_ISO, 9]]
    assert rest["data"] == [[NOON_ISO, 5], [LATER_ISO, 1]]
    assert own["stack"] == rest["stack"]
    assert option["yAxis"]["name"] == "per 10 s"


def test_what_counts_is_the_whole_window_not_its_last_bucket() -> None:
    counts = [(NOON, 14, 9), (NOON, 2, 5), (LATER, 2, 4), (LATER, 14, 1)]
    own, _ = overview.traffic(counts, LIGHT, bucket_seconds=10, window=WINDOW)["series"]
    assert own["name"] == "14 Stop"


def test_e_values_grow_towards_the_alarm() -> None:
    points = [
        EValuePoint("class", NOON, 0.01),
        EValuePoint("confidence", NOON, 3.0),
        EValuePoint("class", LATER, 123456.7),
    ]
    channels = {"class": True, "confidence": True, "source": False}
    option = overview.e_values(points, 10_000, LIGHT, WINDOW, channels=channels)
    first, second, beside = option["series"]
    assert first["data"] == [[NOON_ISO, 0.1], [LATER_ISO, 123_500.0]]  # four digits, 0.1 at least
    assert second["data"] == [[NOON_ISO, 3.0]]
    assert (beside["name"], beside["color"]) == ("source, for comparison", LIGHT.muted)
    assert len({first["color"], second["color"], beside["color"]}) == 3
    assert first["markLine"]["data"] == [{"yAxis": 10_000}]
    assert first["markLine"]["label"]["formatter"] == "alarm at 10,000"
    assert option["yAxis"]["type"] == "log"
    assert option["yAxis"]["max"] >= 123_456


# Runs


def test_runs_stand_in_the_order_of_time_with_a_sign() -> None:
    clean = ended(CLEAN)
    violated = replace(
        clean,
        status=ExecutionStatus.COMPLETED_WITH_VIOLATIONS,
        message="too much of 14",
        started_at=clean.started_at + timedelta(hours=1),
    )
    failed = replace(
        clean, status=ExecutionStatus.FAILED, started_at=clean.started_at - timedelta(hours=1)
    )
    option = overview.runs([violated, clean, failed], DARK)
    bars = by_id(option)["runs"]["data"]
    assert [b["itemStyle"]["color"] for b in bars] == [DARK.muted, DARK.good, DARK.alarm]
    assert [b["label"]["formatter"] for b in bars] == ["–", "✓", "!"]
    assert [b["value"][0] for b in bars] == [0, 1, 2]
    assert bars[2]["value"][3:] == ["too much of 14", f"{clean.figures.total:,} predictions"]
    assert len(option["xAxis"]["data"]) == FEWEST_RUNS


def test_a_run_that_computed_nothing_says_so() -> None:
    (bar,) = by_id(overview.runs([replace(ended(CLEAN), figures=None)], LIGHT))["runs"]["data"]
    assert bar["value"][4] == "not evaluated"


# Colours


@pytest.mark.parametrize(("palette", "page"), [(LIGHT, "#ffffff"), (DARK, "#10151c")])
def test_text_has_the_contrast_of_aa(palette: overview.Palette, page: str) -> None:
    for colour in (palette.text, palette.alarm):
        assert contrast(colour, page) >= 4.5
