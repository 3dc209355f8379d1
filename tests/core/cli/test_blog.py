"""The blog's evaluation on the same capture files: the same violations, share and message."""

from pathlib import Path

import pytest

from core.monitoring.evaluate import evaluate
from core.records.monitoring import ExecutionStatus, Trigger, WindowFigures
from tests.support.blog import CASES, HOUR, THRESHOLD, WINDOW, Case, blog, ours, write_case

EMPTY = next(case for case in CASES if case.name == "empty")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_blogs_evaluation_says_the_same(case: Case, tmp_path: Path) -> None:
    write_case(tmp_path / "in", case)
    found = ours(tmp_path / "in", tmp_path)
    assert found == blog(tmp_path / "in")
    if not case.broken:
        assert blog(tmp_path / "out") == found


def test_the_cases_are_what_they_are_called(tmp_path: Path) -> None:
    shares, kinds, numbers = {}, {}, {}
    for case in CASES:
        write_case(tmp_path / case.name, case)
        found = blog(tmp_path / case.name)
        shares[case.name] = found.share
        kinds[case.name] = [kind for _, kind, _ in found.violations]
        numbers[case.name] = [text for _, kind, text in found.violations if "complete" in kind]
    drift, completeness = "baseline_drift_check", "completeness_check"
    assert kinds == {
        "clean": [],
        "attacked": [drift],
        "half, and no more": [],
        "a little over half": [drift],
        "empty": [],
        "clean, partly unreadable": [completeness],
        "attacked, partly unreadable": [drift, completeness],
        "nothing readable": [completeness],
    }
    assert (shares["attacked"], shares["half, and no more"], shares["empty"]) == (0.805, 0.5, None)
    assert numbers["clean, partly unreadable"] == [(4, "0.92%")]
    assert numbers["nothing readable"] == [(2, "100.00%")]


def test_the_message_is_the_blogs_word_for_word(tmp_path: Path) -> None:
    counts = {14: 322, **dict.fromkeys(range(1, 14), 6)}
    done = evaluate(
        WINDOW,
        WindowFigures(400, counts, None, None, None),
        threshold=THRESHOLD,
        trigger=Trigger.MANUAL,
        started_at=HOUR,
    )
    assert done.message == (
        "CompletedWithViolations: Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold"
    )


def test_an_empty_log_is_no_silent_pass(tmp_path: Path) -> None:
    write_case(tmp_path, EMPTY)
    assert (blog(tmp_path).violations, blog(tmp_path).message) == ((), None)
    done = evaluate(
        WINDOW,
        WindowFigures(0, {}, None, None, None),
        threshold=THRESHOLD,
        trigger=Trigger.MANUAL,
        started_at=HOUR,
    )
    assert (done.status, done.violations) == (ExecutionStatus.FAILED, ())
    assert "so nothing was evaluated" in done.message
