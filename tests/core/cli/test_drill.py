"""replay --drill: the report in lines and as JSON, and the exit code."""

import json
from dataclasses import replace
from typing import Any

import click
import pytest
from click.testing import CliRunner

from core import client
from core.cli.drill import drill
from core.errors import Unavailable
from core.records.drills import DrillPlan, DrillReport
from tests.core.store.test_drills import REPORT
from tests.support.expect import raises


def printed(
    monkeypatch: pytest.MonkeyPatch, report: DrillReport, *, as_json: bool = False
) -> tuple[int, str]:
    """The exit code and what is printed of a drill that a dashboard has just held."""
    answers: list[dict[str, Any]] = [
        {"done": 1, "total": 2, "text": "clean traffic"},
        {"report": report.to_json()},
    ]
    monkeypatch.setattr(client, "post", lambda url, path, body: {"drill_id": "one"})
    monkeypatch.setattr(client, "read", lambda url, path: answers.pop(0))
    monkeypatch.setattr("core.cli.drill.POLL_SECONDS", 0)

    @click.command()
    def command() -> None:
        drill("http://here", DrillPlan(), as_json=as_json)

    done = CliRunner().invoke(command)
    return done.exit_code, done.stdout


def test_a_report_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = printed(monkeypatch, replace(REPORT, lasting="a violation"))
    assert code == 0
    assert text.splitlines()[-8:] == [
        "Drill: 20 % of the traffic attacked towards 14 Stop, pgd, seed 3",
        "300 clean requests, then 100 of which 20 attacked",
        REPORT.sentence,
        "  class share: not within 100 predictions; false alarms before: 1",
        "  drift detector, class (for comparison): after 12 predictions, 0.5 s, named 14 Stop; "
        "false alarms before: 0",
        "Run e after 4.0 s",
        "Alert delivered to JSON at here after 4.5 s",
        "Still in violation: a violation",
    ]


def test_without_an_alarm_it_exits_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    missed = replace(REPORT, alarm=None, alerts=())
    code, text = printed(monkeypatch, missed)
    assert code == 1
    assert missed.sentence in text


def test_a_report_for_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = printed(monkeypatch, REPORT, as_json=True)
    assert code == 0
    assert json.loads(text.splitlines()[-1]) == REPORT.to_json()


def test_interrupting_the_command_cancels_the_drill(monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled: list[tuple[str, str]] = []

    def interrupted(url: str, path: str) -> dict[str, Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "post", lambda url, path, body: {"drill_id": "one"})
    monkeypatch.setattr(client, "read", interrupted)
    monkeypatch.setattr(client, "delete", lambda *asked: cancelled.append(asked))
    with pytest.raises(KeyboardInterrupt):
        drill("http://here", DrillPlan(), as_json=False)
    assert cancelled == [("http://here", "/api/drills/one")]


def test_without_a_dashboard_there_is_no_drill() -> None:
    with raises(
        Unavailable, "no dashboard is running, and a drill goes through it. Start one first"
    ):
        drill(None, DrillPlan(), as_json=False)
