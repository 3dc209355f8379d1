"""The command line beside a running dashboard: replay over HTTP, and the monitor's answer."""

import json
import subprocess

import httpx
import pytest

from tests.browser.conftest import REPLAYED, Attacked

pytestmark = pytest.mark.browser


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    """The JSON object that a command printed, and nothing beside it."""
    (line,) = done.stdout.splitlines()
    return json.loads(line)


def test_clean_traffic_completes(attacked: Attacked) -> None:
    sent = answer(attacked.replay_clean)
    assert (sent["sent"], sent["attacked"]) == (REPLAYED, 0)
    assert attacked.monitor_clean.returncode == 0, attacked.monitor_clean.stderr
    execution = answer(attacked.monitor_clean)
    assert execution["status"] == "Completed"
    assert execution["message"] == "Completed: Job completed successfully with no violations."
    assert execution["violations"] == []
    assert execution["total"] == REPLAYED
    assert execution["counts"] == sent["counts"]


def test_attacked_traffic_completes_with_violations(attacked: Attacked) -> None:
    sent = answer(attacked.replay_attacked)
    assert (sent["sent"], sent["attacked"]) == (REPLAYED, round(REPLAYED * 0.8))
    assert attacked.monitor_attacked.returncode == 1, attacked.monitor_attacked.stderr
    execution = answer(attacked.monitor_attacked)
    assert execution["status"] == "CompletedWithViolations"
    assert execution["total"] == REPLAYED
    assert execution["counts"] == sent["counts"]
    share = execution["shares"]["14"]
    assert share == execution["counts"]["14"] / REPLAYED
    assert share >= 0.75
    description = f"Class 14 predicted {share:.2%} of the time: Exceeded 50.00% threshold"
    assert execution["message"] == f"CompletedWithViolations: {description}"
    assert execution["violations"] == [
        {
            "feature_name": "PredictedClass",
            "constraint_check_type": "baseline_drift_check",
            "description": description,
        }
    ]


def test_without_json_a_person_reads_message_and_counts(attacked: Attacked) -> None:
    execution = answer(attacked.monitor_attacked)
    window = execution["window"]
    done = attacked.dashboard.run(
        "monitor", "run", "--since", window["start"], "--until", window["end"]
    )
    assert done.returncode == 1
    counts = ", ".join(f"{class_id}: {n}" for class_id, n in execution["counts"].items())
    lines = done.stdout.splitlines()
    assert (lines[0], lines[1]) == (execution["message"], f"{{{counts}}}")
    (violated,) = [line for line in lines if line.startswith("violated")]
    assert violated.endswith(execution["violations"][0]["description"])


def test_a_bad_window_is_one_clear_line(attacked: Attacked) -> None:
    done = attacked.dashboard.run("monitor", "run", "--since", "yesterday")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "error: expected a time like 2026-02-14T17:00:00Z, got 'yesterday'"
    ]


def test_progress_is_shown_while_work_lasts(attacked: Attacked) -> None:
    assert f"{REPLAYED}/{REPLAYED}" in attacked.replay_clean.stderr


def test_the_endpoint_is_alive_after_all_of_it(attacked: Attacked) -> None:
    assert httpx.get(f"{attacked.dashboard.url}/ping").json() == {"status": "ok"}
