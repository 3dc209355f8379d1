"""The same violation in every run, and the time that a run is about."""

from datetime import timedelta

import pytest

from core.records.alerts import as_of, identity
from core.records.monitoring import Violation
from core.records.window import Window
from tests.support.records import NOON, make_execution

HOUR = timedelta(hours=1)
CHECK = "baseline_drift_check"


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("Class 14 predicted 80.50% of the time", f"PredictedClass {CHECK} class 14"),
        ("Class 14 predicted 51.00% of the time", f"PredictedClass {CHECK} class 14"),
        ("Class 9 (No overtaking) is more frequent", f"PredictedClass {CHECK} class 9"),
        ("Class -1 predicted 51.00% of the time", f"PredictedClass {CHECK} class -1"),
        ("Classes outside the label set are more frequent", f"PredictedClass {CHECK}"),
        ("Distance 0.3 exceeded 0.1", f"PredictedClass {CHECK}"),
    ],
)
def test_figures_are_no_part_of_a_violations_identity(description: str, expected: str) -> None:
    assert identity(Violation("PredictedClass", CHECK, description)) == expected


def test_a_run_is_about_the_end_of_its_window_or_when_it_was_due() -> None:
    past = Window(NOON - 2 * HOUR, NOON - HOUR)
    assert as_of(make_execution(NOON, window=past)) == NOON - HOUR
    live = Window(NOON - HOUR, NOON + HOUR)
    run = make_execution(NOON, window=live)
    assert as_of(run) == run.ended_at
    assert as_of(make_execution(NOON, window=past, due_at=NOON)) == NOON
