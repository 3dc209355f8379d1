"""A drill through the real endpoint: what it sends, who notices, what is kept, what it refuses."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from core import client as running
from core.errors import BadInput, Cancelled, Conflict, Unavailable
from core.images import ImageFile
from core.model.predictor import Predictor
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import files_of
from core.monitoring.drift.service import NO_BASELINE
from core.records.captures import Capture, CaptureMode, CaptureSettings
from core.records.drills import DrillPlan, DrillReport
from core.records.monitoring import Trigger
from core.records.queries import CaptureFilter
from core.records.window import now
from core.services import Services
from core.simulation import drill_run
from core.simulation.drill_run import STOPPED
from core.simulation.drill_traffic import DISTINCT, Sign, Traffic, clean_traffic
from core.simulation.drills import UNDER_WAY
from core.store import ExecutionsTable
from tests.support.expect import raises
from tests.support.images import blocks
from tests.support.records import make_execution
from tests.support.webhook import Webhook, webhook

PLAN = DrillPlan(0.5, 14, "fgsm", seed=2)


def no_progress(done: int, total: int, text: str) -> None:
    """Nobody looks."""


def never() -> bool:
    """Nobody cancels."""
    return False


@pytest.fixture(scope="module")
def signs(predictor: Predictor) -> list[Sign]:
    """Images that the test's classifier tells apart, each of the class that it reads."""
    images = [blocks(seed) for seed in range(96)]
    read = predictor.predict(images)
    return [
        Sign(ImageFile.from_pixels(image), each.class_id)
        for image, each in zip(images, read, strict=True)
    ]


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as hook:
        yield hook


@pytest.fixture
def drilled(
    environment: pytest.MonkeyPatch,
    signs: list[Sign],
    hook: Webhook,
    request: pytest.FixtureRequest,
) -> Services:
    """The running program, with few requests a drill and an alert to a local webhook."""
    environment.setenv("SIGNWATCH_ALERTS", hook.url)
    environment.setattr("core.services.root.drawn_signs", lambda: signs)
    environment.setattr("core.services.root.DETECTOR_SECONDS", 0.2)
    environment.setattr(drill_run, "CLEAN", 120)
    environment.setattr(drill_run, "MOST_CLEAN", 0)
    signwatch: Services = request.getfixturevalue("signwatch")
    request.getfixturevalue("dashboard")
    return signwatch


def use_baseline(signwatch: Services, signs: list[Sign]) -> None:
    """What the signs are read as, each of them twenty times."""
    read = signwatch.model.predict([each.image.pixels for each in signs]) * 20
    baseline = Baseline.of(
        43,
        np.array([each.class_id for each in read]),
        flagged=np.array([each.suspicion.flagged for each in read]),
        confidences=np.array([each.confidence for each in read]),
        p_values=np.array([each.suspicion.p_value for each in read]),
    )
    signwatch.monitoring.baselines.add(files_of(baseline), origin="a test")


def run(signwatch: Services, plan: DrillPlan = PLAN, **options: Any) -> DrillReport:
    return signwatch.drills.run(plan, **{"progress": no_progress, "cancelled": never} | options)


def captures(signwatch: Services) -> list[Capture]:
    return [item.capture for item in signwatch.log.find(CaptureFilter(), limit=10_000)][::-1]


# What is sent


def test_clean_traffic_is_drawn_as_often_as_the_baseline_has_it(
    predictor: Predictor, signs: list[Sign]
) -> None:
    missing = 42
    signs = [each for each in signs if each.label != missing]
    read = predictor.predict([each.image.pixels for each in signs])
    inside = [each.class_id for each in read]
    common, rare = list(dict.fromkeys(inside))[:2]
    baseline = Baseline(43, {common: 70, rare: 10, missing: 20})
    clean = clean_traffic(signs, read, baseline)
    shares = {k: clean.shares[np.array(inside) == k].sum() for k in set(inside)}
    assert shares[common] == pytest.approx(70 / 80)
    assert shares[rare] == pytest.approx(10 / 80)
    assert clean.uncovered == pytest.approx(0.2)
    with pytest.raises(BadInput, match="make up only 10% of the baseline in force"):
        clean_traffic(signs, read, Baseline(43, {rare: 1, missing: 9}))


# From the first request to the report


def test_a_drill_ends_with_the_alarm_that_names_the_class_and_the_alert(
    drilled: Services, signs: list[Sign], hook: Webhook
) -> None:
    use_baseline(drilled, signs)
    drilled.start()
    report = run(drilled)
    assert report.told is not None
    assert report.told.class_id == 14
    assert report.told.description.startswith("Class 14 Stop came")
    assert report.sentence.startswith(f"The alarm came {report.told.after} predictions and ")
    assert 1 < report.told.after <= report.attacked + report.unturned
    assert 0 < report.told.alarm_seconds < report.told.told_seconds
    (alert,) = report.alerts
    assert (alert.channel, alert.delivered, alert.reason) == (hook.label, True, "")
    assert hook.titles[0].startswith("Signwatch alert (drill): Class 14 ")
    assert "records of this window were sent by a drill" in hook.bodies[0]["message"]
    execution = drilled.monitoring.execution(report.told.execution_id)
    assert execution.trigger is Trigger.ALARM
    assert execution.outcomes[-1].rule == "drill"
    assert not execution.outcomes[-1].decides
    by_rule = {each.rule: each for each in report.noticed}
    assert by_rule["drift detector, class"].class_id == 14
    assert by_rule["drift detector, class"].false_alarms == 0
    assert "class share (SageMaker-compatible)" in by_rule
    assert report.lasting == report.told.description  # MOST_CLEAN is 0 here
    assert drilled.drills.latest(9) == [report]
    the_captures_carry_the_mark(drilled, report)


def the_captures_carry_the_mark(signwatch: Services, report: DrillReport) -> None:
    kept = captures(signwatch)
    assert len(kept) == report.clean + report.attacked + report.unturned
    sources = [each.provenance.source for each in kept]
    assert len(set(sources)) == len(sources)
    assert {str(each).rpartition("/")[0] for each in sources} == {f"drill/{report.drill_id}"}
    turned = [each for each in kept if each.provenance.attack is not None]
    assert len(turned) == report.attacked
    assert {(each.provenance.attack, each.provenance.target) for each in turned} == {("fgsm", 14)}
    assert 1 <= len({each.image_sha256 for each in turned}) <= DISTINCT
    assert min(each.inferred_at for each in turned) == report.attack_at
    for each in turned[:3]:
        assert signwatch.captures.stored_image(each.provenance.clean_sha256)
    assert len({each.image_sha256 for each in kept} - {each.image_sha256 for each in turned}) > 20


def test_the_same_seed_sends_the_same_requests(predictor: Predictor, signs: list[Sign]) -> None:
    read = predictor.predict([each.image.pixels for each in signs])
    clean = clean_traffic(signs, read, Baseline(43, dict.fromkeys(range(43), 9)))
    first, again, other = (
        [each.image.sha256 for each in Traffic("a", plan, clean, []).quiet(30)]
        for plan in (PLAN, PLAN, DrillPlan(0.5, 14, "fgsm", seed=3))
    )
    assert first == again
    assert first != other


def test_an_attack_that_nobody_looks_for_is_given_up_and_said(
    drilled: Services, signs: list[Sign], environment: pytest.MonkeyPatch
) -> None:
    environment.setattr(drill_run, "MOST", 40)
    environment.setattr(drill_run, "SEEN_SECONDS", 0.3)
    use_baseline(drilled, signs)
    report = run(drilled)  # no watch runs
    assert (report.told, report.alerts, report.lasting) == (None, (), "")
    assert report.sentence == (
        "Nobody was told: 40 requests with 50 % of the traffic turned to 14 Stop raised no alarm "
        "that named it."
    )


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
    drilled.captures.rules.set("signwatch", CaptureSettings(mode=CaptureMode.INPUT))
    with raises(
        BadInput,
        "the endpoint captures no answers, so nothing could notice a drill. Set its sampling and "
        "capture mode",
    ):
        run(drilled)


def test_where_nothing_can_be_attacked(
    drilled: Services, signs: list[Sign], environment: pytest.MonkeyPatch
) -> None:
    use_baseline(drilled, signs)
    wrong = [Sign(each.image, (each.label + 1) % 43) for each in signs]
    environment.setattr(drilled.drills, "_signs", lambda: wrong)
    with raises(
        BadInput,
        "there is nothing to attack: of 96 sample signs none is both read rightly and not 14 Stop",
    ):
        run(drilled)
    assert captures(drilled) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"share": 0}, "share must lie in (0, 1], got 0"),
        ({"share": 1.5}, "share must lie in (0, 1], got 1.5"),
        ({"target": 43}, "target must be one of the classes 0..42, got 43"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_a_plan_that_means_nothing(options: dict[str, Any], message: str) -> None:
    with raises(BadInput, message):
        DrillPlan(**options)


def test_while_an_alert_lasts_that_is_no_drills(drilled: Services, signs: list[Sign]) -> None:
    use_baseline(drilled, signs)
    execution = make_execution(now())
    ExecutionsTable(drilled.log.database).begin(execution)
    drilled.alerts.consider(execution)
    drilled.alerts.flush()
    with pytest.raises(Conflict, match=r"^an alert lasts since .* that is no drill's \("):
        run(drilled)


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
    with raises(Conflict, UNDER_WAY):
        run(drilled)
    cancelled.set()
    thread.join()
    assert [str(each) for each in ended] == [STOPPED]
    assert drilled.drills.latest(9) == []


# Through the running process


def test_it_is_begun_watched_and_read_over_http(drilled: Services, signs: list[Sign]) -> None:
    url = running.find(drilled.settings.local)
    assert url is not None
    with raises(BadInput, NO_BASELINE):
        running.post(url, "/api/drills", {})
    use_baseline(drilled, signs)
    drilled.start()
    drill_id = running.post(url, "/api/drills", vars(PLAN))["drill_id"]
    job = drilled.drills.job(drill_id)
    assert job is not None
    assert job.wait(120)
    found = running.read(url, f"/api/drills/{drill_id}")["report"]
    assert DrillReport.from_json(found) == drilled.drills.report(drill_id)
    assert [each["drill_id"] for each in running.read(url, "/api/drills")["drills"]] == [drill_id]
    assert httpx.delete(f"{url}/api/drills/{drill_id}").status_code == 404
    assert httpx.get(f"{url}/api/drills/none").status_code == 404


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": 1}, "unknown option 'strength'; known: share, target, attack, seed"),
        ({"share": "half"}, "share must be a number, got 'half'"),
        ({"target": True}, "target must be a whole number, got True"),
        ({"attack": 3}, "attack must be a name, got 3"),
    ],
)
def test_what_is_no_plan_is_refused(
    client: httpx.Client, options: dict[str, object], message: str
) -> None:
    answer = client.post("/api/drills", json=options)
    assert (answer.status_code, answer.json()["message"]) == (400, message)
