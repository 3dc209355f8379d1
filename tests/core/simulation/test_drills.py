"""A drill through the real endpoint: what notices it, what is kept, what it refuses."""

import threading
from dataclasses import replace

import httpx
import pytest

from core import client as http
from core.errors import BadInput, Cancelled, Conflict, Unavailable
from core.monitoring.drift.service import NO_BASELINE
from core.records.captures import CaptureMode, CaptureSettings
from core.records.drills import DrillReport
from core.services import Services
from core.simulation import drill_run
from core.simulation.drill_run import STOPPED
from core.simulation.drill_traffic import Sign
from core.simulation.drills import IN_PROGRESS
from tests.support.drilling import PLAN, captures, run, use_baseline
from tests.support.expect import raises

# What it refuses, before anything is sent


def test_without_an_endpoint(environment: pytest.MonkeyPatch, signwatch: Services) -> None:
    with raises(
        Unavailable,
        "the endpoint is not running, and a drill goes through it. Start the dashboard",
    ):
        run(signwatch)


def test_without_a_baseline(drilled: Services) -> None:
    with raises(BadInput, NO_BASELINE):
        run(drilled)
    assert captures(drilled) == []


def test_where_no_answers_are_captured(drilled: Services, signs: list[Sign]) -> None:
    use_baseline(drilled, signs)
    for settings in (
        CaptureSettings(mode=CaptureMode.INPUT),
        CaptureSettings(sampling=0),
        CaptureSettings(enabled=False),
    ):
        drilled.captures.rules.set("signwatch", settings)
        with raises(
            BadInput,
            "the endpoint captures no answers, so nothing could notice a drill. Set its sampling "
            "and capture mode",
        ):
            drilled.simulation.drills.check(PLAN)


def test_where_nothing_can_be_attacked(
    drilled: Services, signs: list[Sign], environment: pytest.MonkeyPatch
) -> None:
    use_baseline(drilled, signs)
    wrong = [Sign(each.image, (each.label + 1) % 43) for each in signs]
    environment.setattr(drilled.simulation.drills, "_signs", lambda: wrong)
    with raises(
        BadInput,
        "there is nothing to attack: of 96 sample signs none is classified correctly and not "
        "14 Stop",
    ):
        run(drilled)
    assert captures(drilled) == []


def test_while_another_one_is_under_way_and_cancelled(drilled: Services, signs: list[Sign]) -> None:
    use_baseline(drilled, signs)
    reached, cancelled = threading.Event(), threading.Event()

    def progress(done: int, total: int, text: str) -> None:
        if text.startswith("clean traffic"):
            reached.set()
            cancelled.wait(60)

    ended: list[BaseException] = []

    def work() -> None:
        try:
            run(drilled, progress=progress, cancelled=cancelled.is_set)
        except Cancelled as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert reached.wait(60)
    with raises(Conflict, IN_PROGRESS):
        run(drilled)
    cancelled.set()
    thread.join()
    assert [str(each) for each in ended] == [STOPPED]
    assert drilled.simulation.drills.latest(9) == []


def test_examples_are_made_once_for_plans_that_differ_in_their_share_alone(
    drilled: Services, signs: list[Sign], environment: pytest.MonkeyPatch
) -> None:
    environment.setattr(drill_run, "AT_ONCE", 1)
    use_baseline(drilled, signs)
    made = []
    for plan in (PLAN, replace(PLAN, share=0.1), replace(PLAN, attack="pgd")):
        sent: list[str] = []

        def progress(done: int, total: int, text: str, sent: list[str] = sent) -> None:
            sent += [text] if text.startswith("clean traffic") else []

        with raises(Cancelled, STOPPED):
            run(drilled, plan, progress=progress, cancelled=lambda sent=sent: bool(sent))
        (requests,) = drilled.simulation.drills._adversarial.values()
        assert {each.provenance.attack for each in requests} == {plan.attack}
        made.append(requests)
    assert made[0] is made[1] is not made[2]


# Through the running process


def test_it_is_started_followed_and_read_over_http(
    drilled: Services, signs: list[Sign], environment: pytest.MonkeyPatch
) -> None:
    environment.setattr(drill_run, "CLEAN", 40)
    url = http.find(drilled.settings.local)
    assert url is not None
    with raises(BadInput, NO_BASELINE):
        http.post(url, "/api/drills", {})
    use_baseline(drilled, signs)
    drilled.start()
    drill_id = http.post(url, "/api/drills", vars(PLAN))["drill_id"]
    job = drilled.simulation.drills.job(drill_id)
    assert job is not None
    assert job.wait(120)
    found = http.read(url, f"/api/drills/{drill_id}")["report"]
    assert DrillReport.from_json(found) == drilled.simulation.drills.report(drill_id)
    assert [each["drill_id"] for each in http.read(url, "/api/drills")["drills"]] == [drill_id]
    assert httpx.delete(f"{url}/api/drills/{drill_id}").status_code == 404
    assert httpx.get(f"{url}/api/drills/none").status_code == 404
