"""Confidence over time and the strip of runs: what is drawn is what was found."""

from dataclasses import replace
from datetime import timedelta

from core.plots.base import ALARM
from core.plots.overview import STRIP_COLOURS, confidence_over_time, executions_strip
from core.records.monitoring import ConfidenceAt, ExecutionStatus
from core.thumbnails import MUTED
from tests.support.executions import CLEAN, ended
from tests.support.records import NOON

LATER = NOON + timedelta(seconds=10)


def test_confidence_and_the_share_that_is_unsure() -> None:
    found = [ConfidenceAt(NOON, 4, 0.75, 1), ConfidenceAt(LATER, 2, 0.5, 2)]
    figure = confidence_over_time(found, low=0.6, expected=0.9, window=(NOON, LATER))
    unsure, mean = figure.data
    assert (unsure.name, list(unsure.y)) == ("share below 60%", [0.25, 1.0])
    assert (mean.name, list(mean.y)) == ("mean confidence", [0.75, 0.5])
    assert list(mean.x) == [NOON, LATER]
    assert figure.layout.xaxis.range == (NOON, LATER)
    assert [each.text for each in figure.layout.annotations] == ["baseline 90.0%"]
    assert [each.y0 for each in figure.layout.shapes] == [0.9]


def test_without_a_baseline_there_is_no_line() -> None:
    figure = confidence_over_time(
        [ConfidenceAt(NOON, 4, 0.75, 1)], low=0.6, expected=None, window=(NOON, LATER)
    )
    assert not figure.layout.shapes


def test_executions_stand_in_the_order_of_time() -> None:
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
    (bars,) = executions_strip([violated, clean, failed]).data
    assert list(bars.text) == ["?", "✓", "!"]
    assert list(bars.marker.color) == [MUTED, STRIP_COLOURS[ExecutionStatus.COMPLETED], ALARM]
    assert bars.customdata[2][1] == "too much of 14"
    assert bars.customdata[2][2] == f"{clean.figures.total:,} predictions"


def test_an_execution_that_computed_nothing_says_so() -> None:
    (bars,) = executions_strip([replace(ended(CLEAN), figures=None)]).data
    assert bars.customdata[0][2] == "not evaluated"
