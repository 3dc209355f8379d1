"""Backtests, as a figure."""

from datetime import timedelta

from core.monitoring.rules.outcomes import judged, not_computed
from core.plots.backtest import figure_over_time
from core.records.backtest import Replayed, Windows
from core.records.monitoring import Violation
from tests.support.records import NOON

HOUR = timedelta(hours=1)


def test_alarms_stand_out_and_what_was_not_computed_is_no_zero() -> None:
    violation = (Violation("PredictedClass", "baseline_drift_check", "too much"),)
    outcomes = (
        judged("r", 0.3, 0.5, "fine", ()),
        not_computed("r", 0.5, "nothing there"),
        judged("r", 0.8, 0.5, "too much", violation),
    )
    windows = Windows.every(HOUR, NOON, NOON + 3 * HOUR, HOUR)
    figure = figure_over_time(Replayed(windows, outcomes), "largest share")
    line, holds, violated, missing = figure.data
    assert (list(line.y), line.connectgaps) == ([0.3, None, 0.8], False)
    assert [(trace.name, list(trace.y)) for trace in (holds, violated, missing)] == [
        ("holds", [0.3]),
        ("alarm", [0.8]),
        ("not computed", [0.0]),
    ]
    assert list(violated.x) == [NOON + 3 * HOUR]
    assert list(missing.customdata) == ["Not computed: nothing there"]
    assert figure.layout.shapes[0].y0 == 0.5
    assert figure.layout.annotations[0].text == "largest share 0.5"
