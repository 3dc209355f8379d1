"""Drills over HTTP: what is no plan, what is not known; reports as programs read them."""

import httpx
import pytest

from core.errors import Cancelled
from core.jobs import IsCancelled, Job, Progress
from core.monitoring.drift.service import NO_BASELINE
from core.records.drills import DrillReport
from core.services import Services
from core.store import DrillsTable
from tests.core.store.test_drills import REPORT
from tests.support.waiting import LONGEST, until


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": 1}, "unknown option 'strength'; known: share, target, attack, seed"),
        ({"share": "half"}, "share must be a number, got 'half'"),
        ({"target": True}, "target must be a whole number, got True"),
        ({"attack": 3}, "attack must be a name, got 3"),
        ({"share": 10**400}, f"share must lie in (0, 1], got {10**400}"),
        ({"seed": 0.5}, "seed must be a whole number, got 0.5"),
    ],
)
def test_what_is_no_plan_is_refused(
    client: httpx.Client, options: dict[str, object], message: str
) -> None:
    answer = client.post("/api/drills", json=options)
    assert (answer.status_code, answer.json()["message"]) == (400, message)


def test_a_drill_that_cannot_begin_says_why(client: httpx.Client, signwatch: Services) -> None:
    signwatch.simulation.drills._address = lambda: "http://127.0.0.1:1"
    answer = client.post("/api/drills", json={"share": 0.2})
    assert (answer.status_code, answer.json()["message"]) == (400, NO_BASELINE)


def test_reports_are_listed_and_read(client: httpx.Client, signwatch: Services) -> None:
    assert client.get("/api/drills").json() == {"drills": []}
    DrillsTable(signwatch.log.database).add(REPORT)
    assert client.get("/api/drills").json() == {"drills": [REPORT.to_json()]}
    assert client.get("/api/drills/one").json() == {"report": REPORT.to_json()}


def test_one_in_progress_is_followed_and_cancelled(
    client: httpx.Client, signwatch: Services
) -> None:
    def work(progress: Progress, cancelled: IsCancelled) -> DrillReport:
        progress(3, 12, "clean traffic")
        until(cancelled, "somebody cancels")
        raise Cancelled("stopped")

    job = Job("Drill", work)
    signwatch.simulation.drills._latest = "two", job
    until(lambda: job.reached.total, "it has begun")
    reached = {"done": 3, "total": 12, "text": "clean traffic"}
    assert client.get("/api/drills/two").json() == reached
    assert client.delete("/api/drills/one").status_code == 404
    assert not job._cancelled.is_set()
    answer = client.delete("/api/drills/two")
    assert (answer.status_code, answer.json()) == (202, {})
    assert job._cancelled.is_set()
    assert job.wait(LONGEST)
    answer = client.get("/api/drills/two")
    assert (answer.status_code, answer.json()["message"]) == (499, "stopped")
    assert client.delete("/api/drills/two").status_code == 404


def test_one_that_has_just_ended_is_read(client: httpx.Client, signwatch: Services) -> None:
    signwatch.simulation.drills._latest = "two", Job("Drill", lambda *_: REPORT)
    until(lambda: signwatch.simulation.drills._latest[1].ended, "it has ended")
    assert client.get("/api/drills/two").json() == {"report": REPORT.to_json()}


def test_an_unknown_drill_is_not_found(client: httpx.Client) -> None:
    assert client.get("/api/drills/none").status_code == 404
    answer = client.delete("/api/drills/none")
    assert (answer.status_code, answer.json()["message"]) == (
        404,
        "no drill of that id is in progress",
    )
