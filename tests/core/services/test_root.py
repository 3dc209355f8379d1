"""The composition root: one model, one log, everything the program can do."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core import services
from core.capture.provenance import RequestFacts
from core.errors import BadInput, NotFound, Unavailable
from core.images import ImageLimits
from core.invocations import RequestLimits
from core.records.monitoring import ExecutionStatus, Trigger
from core.records.queries import CaptureFilter
from core.records.window import Window, now
from core.services import Services, root
from core.settings import Settings
from core.store import ExecutionsTable, SchedulesTable
from tests.support.expect import raises
from tests.support.images import image_files
from tests.support.records import (
    make_capture,
    make_execution,
)
from tests.support.waiting import until

EVERYTHING = CaptureFilter()


def test_limits_come_from_the_settings(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_MAX_BODY_BYTES", "1234")
    environment.setenv("SIGNWATCH_MAX_PIXELS", "567")
    environment.setenv("SIGNWATCH_MAX_BATCH", "8")
    signwatch = request.getfixturevalue("signwatch")
    assert signwatch.inference.limits == RequestLimits(1234, 8, ImageLimits(1234, 567))


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
