"""The composition root: one model, one log, everything the program can do."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core import services
from core.capture.provenance import RequestFacts
from core.client import leave_address
from core.errors import BadInput, NotFound, Unavailable
from core.images import ImageLimits
from core.invocations import RequestLimits
from core.records.analysts import Role
from core.records.captures import CaptureMode, CaptureSettings
from core.records.drift import DriftSettings
from core.records.monitoring import ExecutionStatus, Trigger
from core.records.queries import CaptureFilter
from core.records.window import Window, now
from core.services import Services, root
from core.settings import Settings
from core.store import CaptureLog, ExecutionsTable, SchedulesTable
from tests.support.expect import raises
from tests.support.images import image_files
from tests.support.records import (
    make_capture,
    make_execution,
    make_image,
)
from tests.support.waiting import until

EVERYTHING = CaptureFilter()


def test_limits_come_from_the_settings(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_MAX_BODY_BYTES", "1234")
    environment.setenv("SIGNWATCH_MAX_PIXELS", "567")
    environment.setenv("SIGNWATCH_MAX_BATCH", "8")
    environment.setenv("SIGNWATCH_MAX_SIDE", "50")
    environment.setenv("SIGNWATCH_MAX_ASPECT", "2.5")
    environment.setenv("SIGNWATCH_MAX_SCANS", "20")
    environment.setenv("SIGNWATCH_MAX_DECODE_SECONDS", "1.5")
    environment.setenv("SIGNWATCH_MAX_DECODE_MEGABYTES", "90")
    signwatch = request.getfixturevalue("signwatch")
    image = ImageLimits(1234, 567, 50, 2.5, 20, 1.5, 90_000_000)
    assert signwatch.inference.limits == RequestLimits(1234, 8, image)


def test_the_limits_are_those_of_an_image_unless_they_are_set(signwatch: Services) -> None:
    assert signwatch.inference.limits == RequestLimits()


def test_settings_are_in_force_where_they_belong(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    for name, text in {
        "SAMPLING": "12.5",
        "CAPTURE_MODE": "Output",
        "ALERT_REMINDER_HOURS": "3",
        "FALSE_ALARM_EVERY": "500",
        "MAX_QUEUE": "7",
        "MAX_CONCURRENT": "9",
        "ANALYSTS": "ada@example.org",
        "ADMINISTRATORS": "bo@example.org",
        "TRUSTED_ISSUERS": "https://login.example/1",
        "ENDPOINTS": "cars, vans",
        "TENSORS_SAVE": "save_interval=7",
        "TENSORS_RECORDS": "11",
        "URL": "https://signs.example.org",
    }.items():
        environment.setenv(f"SIGNWATCH_{name}", text)
    signwatch: Services = request.getfixturevalue("signwatch")
    assert signwatch.captures.rules.of("cars") == CaptureSettings(True, 12.5, CaptureMode.OUTPUT)
    assert signwatch.alerts._reminder == timedelta(hours=3)
    assert signwatch.drift.settings() == DriftSettings(500)
    assert signwatch.inference._serving._batcher._max_waiting == 7
    assert signwatch.inference._admission._most == 9
    may = {
        email: signwatch.triage.analyst({"email": email, "email_verified": True}).may_decide
        for email in ("ada@example.org", "eve@example.org", "ada@example.org.evil.org")
    }
    assert list(may.values()) == [True, False, False]
    entra = {"email": "ada@example.org", "iss": "https://login.example/1"}
    assert signwatch.triage.analyst(entra).role is Role.ANALYST
    assert signwatch.inference.endpoints.check("vans") == "vans"
    assert (signwatch.tensors.save_config, signwatch.tensors.most) == ("save_interval=7", 11)
    leave_address(signwatch.settings.local, "http://127.0.0.1:1")
    assert signwatch.alerts._address() == "https://signs.example.org"


def test_alerts_lead_to_where_it_was_started_unless_an_address_is_set(signwatch: Services) -> None:
    assert signwatch.alerts._address() is None
    leave_address(signwatch.settings.local, "http://127.0.0.1:1")
    assert signwatch.alerts._address() == "http://127.0.0.1:1"


def test_what_is_due_is_run_from_the_start_on(signwatch: Services) -> None:
    """The runs that came due while the program was not there are the first to be made up for."""
    at = now()
    (hourly,) = signwatch.monitoring.schedules.all()
    table = SchedulesTable(signwatch.log.database)
    table.change(replace(hourly, runs_from=at - timedelta(hours=1)))
    signwatch.start()
    until(lambda: _ended(signwatch), "the run is made up for")
    done = signwatch.monitoring.executions(9)[-1]
    assert (done.trigger, done.schedule) == (Trigger.SCHEDULED, "hourly")
    assert done.status is ExecutionStatus.FAILED
    assert done.due_at is not None
    assert at - timedelta(hours=1) < done.due_at <= now()
    assert done.window == Window(done.due_at - timedelta(hours=1), done.due_at)


def _ended(signwatch: Services) -> bool:
    found = signwatch.monitoring.executions(9)
    return bool(found) and found[-1].status is not ExecutionStatus.IN_PROGRESS


def test_what_was_under_way_in_a_process_that_is_gone_ends_at_the_start(
    signwatch: Services,
) -> None:
    crashed = make_execution(now(), status=ExecutionStatus.IN_PROGRESS, figures=None)
    ExecutionsTable(signwatch.log.database).begin(crashed)
    signwatch.start()
    assert signwatch.monitoring.execution(crashed.execution_id).status is ExecutionStatus.FAILED


def test_runs_of_other_replicas_go_on_at_the_start(
    signwatch: Services, environment: pytest.MonkeyPatch
) -> None:
    environment.setattr(CaptureLog, "shared", property(lambda _: True))
    elsewhere = make_execution(now(), status=ExecutionStatus.IN_PROGRESS, figures=None)
    ExecutionsTable(signwatch.log.database).begin(elsewhere)
    signwatch.start()
    found = signwatch.monitoring.execution(elsewhere.execution_id)
    assert found.status is ExecutionStatus.IN_PROGRESS


def test_upkeep_deletes_by_size_and_e_values_that_no_chart_shows(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_RETENTION_GIGABYTES", "0.000001")
    signwatch: Services = request.getfixturevalue("signwatch")
    image = make_image()
    signwatch.log.append([make_capture(image, inferred_at=now() - timedelta(days=1))], [image])
    database = signwatch.log.database
    for age in (timedelta(minutes=5), timedelta(minutes=50), timedelta(days=4000)):
        moment = (now() - age).replace(tzinfo=None)
        database.rows("INSERT INTO log.stream_evidence VALUES ('class', ?, 1.5)", [moment])
    signwatch.maintain()
    assert signwatch.log.count(EVERYTHING) == 0
    assert database.rows("SELECT count(*) FROM log.stream_evidence")[0][0] == 2


def test_upkeep_leaves_one_copy_of_an_image_that_two_processes_kept(signwatch: Services) -> None:
    database, image = signwatch.log.database, make_image()
    signwatch.log.append([], [image])
    database.rows(
        "INSERT INTO log.images SELECT * REPLACE (added_at - INTERVAL 20 MINUTE AS added_at) "
        "FROM log.images"
    )
    assert database.rows("SELECT count(*) FROM log.images")[0][0] == 2
    signwatch.maintain()
    assert database.rows("SELECT count(*) FROM log.images")[0][0] == 1


def test_upkeep_applies_retention(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_RETENTION_DAYS", "2")
    signwatch = request.getfixturevalue("signwatch")
    old, young = (make_capture(inferred_at=now() - timedelta(days=days)) for days in (3, 1))
    signwatch.log.append([old, young], [])
    environment.setattr(root, "MAINTENANCE_SECONDS", 60)
    environment.setattr(root.random, "uniform", lambda low, high: low)
    signwatch.start()
    until(lambda: signwatch.log.count(EVERYTHING) == 1, "the old capture is deleted")
    assert signwatch.log.capture(young.capture_id).capture.capture_id == young.capture_id


def test_upkeep_gives_space_back(signwatch: Services, environment: pytest.MonkeyPatch) -> None:
    """Last, so that what it has deleted itself is given back too."""
    done: list[str] = []
    note = environment.setattr
    note(signwatch.log.image_table, "deduplicate", lambda since: done.append("deduplicate"))
    note(signwatch.log.database, "maintain", lambda: done.append("maintain"))
    signwatch.maintain()
    assert done == ["deduplicate", "maintain"]


def test_there_is_one_of_them_in_the_process(signwatch: Services) -> None:
    assert services.current() is signwatch
    found: list[Services] = []
    threads = [threading.Thread(target=lambda: found.append(services.current())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {id(each) for each in found} == {id(signwatch)}


def test_closed_services_are_built_anew_over_the_same_log(signwatch: Services) -> None:
    signwatch.inference.invoke(image_files(0), RequestFacts())
    services.close_current()
    services.close_current()
    with raises(Unavailable, "the classifier is stopped; start the dashboard again"):
        signwatch.inference.invoke(image_files(0), RequestFacts())
    again = services.current()
    assert again is not signwatch
    assert again.log.count(EVERYTHING) == 1


def test_closing_stops_what_repeats(signwatch: Services) -> None:
    signwatch.start()
    threads = [each._thread for each in signwatch._repeating]
    assert len(threads) == 3
    services.close_current()
    assert not any(thread.is_alive() for thread in threads)


def test_upkeep_and_the_detector_have_their_own_pauses(signwatch: Services) -> None:
    """Upkeep ten minutes, less or more by one at random; the detector three seconds."""
    signwatch.start()
    _, upkeep, detector = signwatch._repeating
    assert detector._pause() == 3.0
    pauses = [upkeep._pause() for _ in range(100)]
    assert 540 <= min(pauses) < max(pauses) <= 660


def test_closing_ends_what_works_in_the_background(signwatch: Services) -> None:
    services.close_current()
    assert signwatch.monitoring.schedules._closed.is_set()
    assert signwatch.tensors.recorder._worker._closed
    assert signwatch.triage.contexts._worker._closed
    assert signwatch.alerts._worker._closed


def test_without_a_model_there_are_no_services(tmp_path: Path) -> None:
    with raises(NotFound, f"no model in {tmp_path}: model.json is missing"):
        Services(Settings(local=tmp_path / "local", model=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_is_not_valid_is_named(environment: pytest.MonkeyPatch) -> None:
    services.close_current()
    environment.setenv("SIGNWATCH_SAMPLING", "150")
    with raises(
        BadInput,
        "SIGNWATCH_SAMPLING='150' is not valid (must lie in 0..100): "
        "percentage of requests that are captured, default 100.0",
    ):
        services.current()
