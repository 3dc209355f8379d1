"""Alerts from a run to a webhook on this machine, and that none of it holds anybody up."""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ImageColor

from core import services
from core.alerts import dispatcher as module
from core.alerts.channels import AlertChannel, Tone, parse_channels
from core.alerts.dispatcher import Alerts
from core.errors import BadInput
from core.metrics import Metrics
from core.monitoring.schedules.cron import HOURLY
from core.plots.alerts import class_frequencies_png
from core.plots.base import ALARM
from core.records.execution_log import ExecutionLog
from core.records.monitoring import MonitorSettings
from core.records.schedules import Schedule, ScheduleStatus, StoredSchedule
from core.services import Services
from core.store import AlertsTable, CaptureLog, ExecutionsTable, SchedulesTable
from tests.conftest import TestClient
from tests.core.serving.test_pipeline import samples
from tests.support.clock import Clock
from tests.support.executions import CLEAN, STOPS, ended
from tests.support.expect import raises
from tests.support.records import NOON
from tests.support.traffic import flood
from tests.support.waiting import LONGEST
from tests.support.webhook import SECRET, Webhook

HOUR = timedelta(hours=1)
DEAD = "http://127.0.0.1:9/dead-s3cr3t"  # nobody listens there


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(tmp_path: Any) -> Iterator[CaptureLog]:
    log = CaptureLog(tmp_path / "log.duckdb")
    yield log
    log.close()


@pytest.fixture
def start(
    log: CaptureLog, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Alerts]]:
    """Starts alerts over the log, as after a restart; the pauses between attempts are none."""
    monkeypatch.setattr(module, "BACKOFF", lambda _: 0.0)
    started = []

    def start(urls: str, reminder: timedelta = 24 * HOUR) -> Alerts:
        alerts = Alerts(
            parse_channels(urls),
            AlertsTable(log.database),
            Metrics(),
            chart=class_frequencies_png,
            reminder=reminder,
            address=lambda: "http://localhost:8501",
            clock=clock,
        )
        started.append(alerts)
        return alerts

    yield start
    for alerts in started:
        alerts.close()


def hourly(alerts: Alerts, clock: Clock, *counts: dict[int, int]) -> None:
    for each in counts:
        alerts.consider(ended(each, clock.at))
        alerts.flush()
        clock.at += HOUR


def outcomes_of(alerts: Alerts) -> list[tuple[str, str, bool]]:
    return [
        (notice.kind.value, delivery.channel, delivery.delivered)
        for notice, delivery in alerts.deliveries(100)
    ]


def test_the_message_and_the_image_arrive(
    start: Callable[..., Alerts], hook: Webhook, clock: Clock
) -> None:
    alerts = start(hook.url)
    hourly(alerts, clock, STOPS)
    (body,) = hook.bodies
    assert body["title"] == (
        "Signwatch alert: Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold"
    )
    assert body["type"] == "failure"
    lines = body["message"].splitlines()
    assert "Most predicted: 14 Stop 80.5% (322)" in lines[2]
    assert lines[4] == "Since: 2026-02-14 12:00:00 UTC, first found now"
    assert lines[5].startswith("Details: http://localhost:8501/monitor?execution=")
    image = np.asarray(hook.image()).astype(int)
    red = (np.abs(image - ImageColor.getrgb(ALARM)).max(axis=2) < 12).sum()
    assert red > 4000  # a bar of 80 %
    ((notice, delivery),) = alerts.deliveries(10)
    assert (delivery.channel, delivery.delivered, delivery.reason, delivery.at) == (
        hook.label,
        True,
        "",
        NOON,
    )
    assert alerts.lasting() == [notice]


def test_notified_once_reminded_and_notified_when_over(
    start: Callable[..., Alerts], hook: Webhook, clock: Clock
) -> None:
    hourly(
        start(hook.url, reminder=3 * HOUR), clock, CLEAN, STOPS, STOPS, STOPS, STOPS, CLEAN, CLEAN
    )
    description = "Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold"
    assert hook.titles == [
        f"Signwatch alert: {description}",
        f"Signwatch reminder: {description}",
        "Signwatch: clean again after 4 h",
    ]
    assert [body["type"] for body in hook.bodies] == ["failure", "failure", "success"]
    assert "Since: 2026-02-14 13:00:00 UTC, for 3 h" in hook.bodies[1]["message"]


def test_what_was_sent_survives_a_restart(
    start: Callable[..., Alerts], hook: Webhook, clock: Clock
) -> None:
    for each in (STOPS, STOPS, CLEAN):
        alerts = start(hook.url)
        hourly(alerts, clock, each)
        alerts.close()
    assert len(hook.bodies) == 2
    assert hook.titles[1] == "Signwatch: clean again after 2 h"


def test_endpoints_are_reported_apart(
    start: Callable[..., Alerts], hook: Webhook, clock: Clock
) -> None:
    alerts = start(hook.url)
    for endpoint in ("a", "b", None, "a"):
        alerts.consider(ended(STOPS, endpoint=endpoint))
    alerts.flush()
    assert len(hook.bodies) == 3
    assert {notice.endpoint for notice in alerts.lasting()} == {"a", "b", None}


def test_of_several_processes_one_tells(start: Callable[..., Alerts], hook: Webhook) -> None:
    both = [start(hook.url), start(hook.url)]
    for _ in range(5):
        for alerts in both:
            alerts.consider(ended(STOPS))
    for alerts in both:
        alerts.flush()
    assert len(hook.bodies) == 1


def test_a_dead_channel_is_tried_again_shown_and_harms_no_other(
    start: Callable[..., Alerts], hook: Webhook, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    alerts = start(f"{DEAD} {hook.url}")
    hourly(alerts, clock, STOPS, STOPS)
    assert len(hook.bodies) == 1
    assert set(outcomes_of(alerts)) == {
        ("alert", "JSON at 127.0.0.1:9", False),
        ("alert", hook.label, True),
    }
    reason = "A Connection error occurred sending JSON notification to 127.0.0.1."
    assert f"No alert reached JSON at 127.0.0.1:9: {reason}" in caplog.text
    body = alerts._metrics.render().decode()
    assert 'signwatch_alerts_total{outcome="delivered"} 1.0' in body
    assert 'signwatch_alerts_total{outcome="failed"} 1.0' in body


def test_attempts_are_repeated_until_one_succeeds(
    start: Callable[..., Alerts], hook: Webhook, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, pauses = AlertChannel.send, []

    def once_more(self: AlertChannel, *args: Any) -> str | None:
        hook.status = 200 if hook.asked == 2 else 503
        return send(self, *args)

    monkeypatch.setattr(AlertChannel, "send", once_more)
    monkeypatch.setattr(module, "BACKOFF", lambda state: pauses.append(state) or 0.0)
    alerts = start(hook.url)
    hourly(alerts, clock, STOPS)
    assert (hook.asked, len(hook.bodies), len(pauses)) == (3, 1, 2)
    assert outcomes_of(alerts) == [("alert", hook.label, True)]


def test_the_pauses_grow() -> None:
    class State:
        attempt_number = 1

    seconds = []
    for State.attempt_number in range(1, 8):
        seconds.append(module.BACKOFF(State()))  # type: ignore[arg-type]
    assert seconds == [2, 4, 8, 16, 30, 30, 30]


def test_what_nobody_got_is_sent_with_the_next_run(
    start: Callable[..., Alerts], hook: Webhook, clock: Clock
) -> None:
    alerts = start(hook.url)
    hook.status = 500
    hourly(alerts, clock, STOPS)
    assert (hook.asked, hook.bodies) == (module.ATTEMPTS, [])
    hook.status = 200
    hourly(alerts, clock, STOPS, STOPS)
    (body,) = hook.bodies
    assert "Since: 2026-02-14 12:00:00 UTC, for 1 h" in body["message"]


def test_nobody_waits_for_a_slow_channel_and_what_is_too_much_is_counted(
    start: Callable[..., Alerts], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun, allowed = threading.Event(), threading.Event()

    def slow(*_: Any) -> None:
        begun.set()
        assert allowed.wait(LONGEST)

    monkeypatch.setattr(AlertChannel, "send", slow)
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    alerts = start(DEAD)
    alerts.consider(ended(STOPS))
    assert begun.wait(LONGEST)
    for _ in range(5):
        alerts.consider(ended(STOPS))
    body = alerts._metrics.render().decode()
    assert 'signwatch_alerts_total{outcome="dropped"} 2.0' in body
    assert "Too many alerts are waiting" in caplog.text
    allowed.set()
    alerts.flush()


def test_closing_tells_of_what_waits_but_does_not_repeat(
    start: Callable[..., Alerts], hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACKOFF", lambda _: LONGEST)
    alerts = start(f"{DEAD} {hook.url}")
    alerts.consider(ended(STOPS))
    alerts.close()
    assert len(hook.bodies) == 1
    assert not alerts._worker._thread.is_alive()  # type: ignore[union-attr]
    alerts.consider(ended(CLEAN))
    assert len(hook.bodies) == 1


def test_a_log_that_fails_is_logged_and_the_next_run_is_reported(
    start: Callable[..., Alerts],
    hook: Webhook,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    alerts = start(hook.url)
    with monkeypatch.context() as broken:
        broken.setattr(alerts._table, "claim", lambda *_: 1 / 0)
        hourly(alerts, clock, STOPS)
    assert "could be sent: division by zero" in caplog.text
    hourly(alerts, clock, STOPS)
    assert len(hook.bodies) == 1


def test_without_channels_nothing_is_kept_or_started(start: Callable[..., Alerts]) -> None:
    alerts = start("")
    alerts.consider(ended(STOPS))
    assert alerts._worker._thread is None
    assert alerts.deliveries(10) == alerts.lasting() == []
    with raises(BadInput, "there is no alert channel to test. Set SIGNWATCH_ALERTS and restart"):
        alerts.test()


def test_a_test_is_sent_once_and_changes_nothing(
    start: Callable[..., Alerts], hook: Webhook, clock: Clock
) -> None:
    alerts = start(f"{hook.url} {DEAD}")
    hourly(alerts, clock, STOPS)
    outcomes = alerts.test()
    assert [(each.channel, each.delivered) for each in outcomes] == [
        (hook.label, True),
        ("JSON at 127.0.0.1:9", False),
    ]
    assert hook.bodies[-1]["title"] == "Signwatch: test of the alert channels"
    assert hook.bodies[-1]["attachments"] == []
    hourly(alerts, clock, STOPS)
    assert len(hook.bodies) == 2
    assert [notice.kind.value for notice in alerts.lasting()] == ["alert"]


def test_a_short_clean_window_ends_no_violation_of_a_long_one(
    start: Callable[..., Alerts], log: CaptureLog, hook: Webhook, clock: Clock
) -> None:
    """An hour with a flood in it; every five minutes, the last five are clean already."""
    alerts = start(hook.url)
    executions = ExecutionsTable(log.database)
    for name in ("hourly", "often"):
        schedule = Schedule(name, HOURLY)
        SchedulesTable(log.database).create(
            StoredSchedule(schedule, ScheduleStatus.SCHEDULED, NOON, NOON, NOON)
        )

    def run(schedule: str, counts: dict[int, int]) -> None:
        done = replace(ended(counts, clock.at), schedule=schedule, due_at=clock.at)
        executions.keep(done, ExecutionLog(()))
        alerts.consider(done)
        alerts.flush()
        clock.go(minutes=5)

    run("hourly", STOPS)
    run("often", CLEAN)
    run("often", STOPS)  # the same violation is no news
    assert hook.titles == [
        "Signwatch alert: Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold"
    ]
    run("hourly", CLEAN)
    assert len(hook.titles) == 1  # now it is the short one that is in violation
    run("often", CLEAN)
    assert hook.titles[1:] == ["Signwatch: clean again after 20 min"]
    assert "all endpoints, schedule often" in hook.bodies[1]["message"]


# In the running program


@pytest.fixture
def alerting(
    environment: pytest.MonkeyPatch, hook: Webhook, request: pytest.FixtureRequest
) -> Services:
    environment.setenv("SIGNWATCH_ALERTS", hook.url)
    environment.setenv("SIGNWATCH_URL", "https://signwatch.example.org/")
    signwatch: Services = request.getfixturevalue("signwatch")
    return signwatch


def test_a_flood_is_reported_once_and_its_end(alerting: Services, hook: Webhook) -> None:
    flooding = flood(alerting, same=4, others=1)
    for threshold in (0.5, 0.5, 0.9):
        alerting.monitoring.set_settings(MonitorSettings(threshold, 60))
        done = alerting.monitoring.run()
    alerting.alerts.flush()
    alert, recovery = hook.titles
    assert alert == (
        f"Signwatch alert: Class {flooding} predicted 80.00% of the time: Exceeded 50.00% threshold"
    )
    assert recovery.startswith("Signwatch: clean again after ")
    link = f"Details: https://signwatch.example.org/monitor?execution={done.execution_id}"
    assert hook.bodies[1]["message"].splitlines()[-1] == link


def test_what_is_wrong_with_signwatch_itself_needs_no_log(
    alerting: Services, hook: Webhook
) -> None:
    alerting.log.close()
    alerting.alerts.tell("Signwatch: requests are refused", "It is full.", Tone.FAILURE)
    alerting.alerts.flush()
    assert hook.titles == ["Signwatch: requests are refused"]
    assert hook.bodies[0]["message"] == "It is full.\nDetails: https://signwatch.example.org"


def test_no_secret_is_anywhere_but_in_the_request(
    alerting: Services,
    hook: Webhook,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    client: TestClient = request.getfixturevalue("client")
    flood(alerting, same=4, others=1)
    alerting.monitoring.run()
    alerting.alerts.flush()
    hook.status = 500
    alerting.alerts.test()
    assert hook.paths[0] == f"/{SECRET}"
    assert samples(client)['signwatch_alerts_total{outcome="delivered"}'] == 1
    assert samples(client)['signwatch_alerts_total{outcome="failed"}'] == 1
    dumped = alerting.log.database.rows("SELECT * FROM log.notice_deliveries")
    outputs = capfd.readouterr()
    for text in (
        caplog.text,
        outputs.out,
        outputs.err,
        client.get("/metrics").text,
        repr(dumped),
        repr(alerting.settings),
        repr(alerting.alerts.channels),
        str(hook.bodies),
    ):
        assert "s3cr3t" not in text


def test_bad_urls_are_refused_at_the_start(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("SIGNWATCH_ALERTS", f"slack://{SECRET}")
    environment.setenv("SIGNWATCH_LOCAL", str(tmp_path / "new"))
    services.close_current()
    with raises(
        BadInput,
        "SIGNWATCH_ALERTS is not valid (URL 1 of 1 is none that alerts can be sent to, "
        "expected for example https://host/path (JSON), slack://..., mailto://...): Apprise URLs "
        "(slack://...) that alerts are sent to, separated by commas or blanks; empty: none, "
        "default ",
    ):
        services.current()
    assert not (tmp_path / "new").exists()  # neither log nor threads to close


@pytest.mark.parametrize("url", ["signwatch.example.org", "ftp://h", "http://", "https:// h"])
def test_the_dashboards_address_is_one_of_the_web(
    environment: pytest.MonkeyPatch, url: str
) -> None:
    environment.setenv("SIGNWATCH_URL", url)
    services.close_current()
    with raises(
        BadInput,
        f"SIGNWATCH_URL={url!r} is not valid (must begin with http:// or https://): address of "
        "the dashboard, `https://signwatch.example.org`: alerts link to it, and it is answered "
        "under its host; empty: where it was started, default ",
    ):
        services.current()
