"""monitor run: its exit code answers the question."""

from typing import Any

import pytest

from core import client, services
from core.services import Services
from tests.support.command_line import AROUND_NOON, Outcome, Run, put, run_apart

VIOLATION = (
    "CompletedWithViolations: Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold"
)

NOTHING = (
    "Failed: no captures between 2026-02-14 11:00:00 and 2026-02-14 13:00:00 UTC, so nothing was "
    "evaluated. Send traffic to the endpoint or choose another window."
)


def test_the_monitor_opens_the_store_itself_where_no_dashboard_runs(
    run: Run, signwatch: Services
) -> None:
    put(signwatch, [14] * 322 + [1] * 78)
    done = run("monitor", "run", *AROUND_NOON)
    assert (done.code, done.err) == (1, "")
    missing = "there is no baseline to compare with. Create one first"
    assert done.out.splitlines() == [
        VIOLATION,
        "{14: 322, 1: 78}",
        f"violated     class share (SageMaker-compatible): {VIOLATION.partition(': ')[2]}",
        "holds        completeness_check: 100.00% of 400 records could be read",
        f"not computed baseline_drift_check, LInfinity Simple: {missing}",
        f"not computed baseline_drift_check, LInfinity Robust: {missing}",
        f"not computed baseline_drift_check, ChiSquared: {missing}",
        f"not computed categorical_values_check: {missing}",
        "not computed drift detector: it checks the live traffic of all endpoints "
        "together, and this window is another",
        "not computed volume: 0 of the 0 stretches of 120 min before the window had "
        "traffic, and at least 8 are needed to compare",
    ]
    (kept,) = services.current().monitoring.executions(9)
    assert kept.message == VIOLATION


@pytest.mark.parametrize(
    ("class_ids", "threshold", "code", "status"),
    [
        ([14, 14, 1], 0.5, 1, "CompletedWithViolations"),
        ([14, 14, 1], 0.7, 0, "Completed"),
        ([14, 1], 0.5, 0, "Completed"),
        ([], 0.5, 2, "Failed"),
    ],
)
def test_the_exit_code_answers_the_question(
    run: Run, signwatch: Services, class_ids: list[int], threshold: float, code: int, status: str
) -> None:
    put(signwatch, class_ids)
    done = run("monitor", "run", *AROUND_NOON, "--threshold", threshold, "--json")
    assert done.code == code
    document = done.document()
    assert (document["status"], document["total"]) == (status, len(class_ids))
    assert document["threshold"] == threshold


def test_an_empty_window_says_what_to_do(run: Run) -> None:
    done = run("monitor", "run", *AROUND_NOON)
    assert done.code == 2
    assert done.out.startswith(f"{NOTHING}\n{{}}\nnot computed class share")


def test_interrupting_is_no_violation(
    run: Run, signwatch: Services, environment: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    environment.setattr(signwatch.monitoring, "run_with", interrupted)
    assert run("monitor", "run") == Outcome(130, "", "\nAborted!\n")


def test_an_evaluation_that_breaks_off_says_why(
    run: Run, signwatch: Services, environment: pytest.MonkeyPatch
) -> None:
    environment.setattr("core.monitoring.executions.evaluate", lambda *_, **__: 1 / 0)
    environment.setattr(signwatch.log, "window_figures", lambda *_, **__: 1 / 0)
    done = run("monitor", "run", *AROUND_NOON)
    assert done.code == 2
    assert done.out == "Failed: it broke off with ZeroDivisionError: division by zero\n{}\n"


def test_the_monitor_asks_the_running_dashboard(dashboard: str, signwatch: Services) -> None:
    """A process of its own could not open the log, which this one holds."""
    put(signwatch, [14] * 322 + [1] * 78)
    done = run_apart("monitor", "run", *AROUND_NOON, "--endpoint", "signwatch", "--json")
    assert (done.code, done.err) == (1, "")
    document = done.document()
    assert document["message"] == VIOLATION
    assert document["counts"] == {"14": 322, "1": 78}
    assert document["window"]["endpoint"] == "signwatch"
    (kept,) = signwatch.monitoring.executions(9)
    assert kept.to_json() == document


def asked(environment: pytest.MonkeyPatch, name: str) -> list[str]:
    """The paths that `core.client` is asked for by its function of that name."""
    paths: list[str] = []
    ask = getattr(client, name)

    def note(url: str, path: str, *options: Any) -> Any:
        paths.append(path)
        return ask(url, path, *options)

    environment.setattr(client, name, note)
    return paths


def test_a_refusal_of_the_running_dashboard_is_one_line(
    run: Run, dashboard: str, environment: pytest.MonkeyPatch
) -> None:
    paths = asked(environment, "post")
    done = run("monitor", "run", "--threshold", "1.5")
    assert done == Outcome(2, "", "error: threshold must lie in (0, 1], got 1.5\n")
    assert paths == ["/api/monitor/run"]
