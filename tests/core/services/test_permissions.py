"""Every public call of a facade either reads, or asks for a permission."""

import contextvars
from collections.abc import Iterator
from inspect import getattr_static, isfunction

import pytest

from core.capture.files.importer import Importer
from core.errors import Forbidden
from core.records.analysts import OF_ANALYSTS, Analyst, Permission, Role
from core.records.permissions import act_as
from core.services import Services, TriageSession

# What only reads, computes, or keeps something for the one who asks. A new call that changes
# nothing for others is added here; one that does is decorated with `needs`.
READING = {
    "Alerts": "lasting deliveries",
    "Backtest": "windows look_back parameters replay preview",
    "Baselines": "all to_json files counts in_force_id chosen baseline in_force against draft",
    "CaptureRules": "of all",
    "Captures": "backup one page newest count last_at image stored_image stored_images images_of "
    "record write_zip export importer imported_files count_imported_files unreadable_lines "
    "count_unreadable_lines",
    "ContextPrefetch": "ask get wait",
    "DriftMonitor": "settings outcomes covers status e_values backtest alarms predictions",
    "Drills": "job under_way report latest check",
    "Endpoints": "knows check",
    "Explanations": "methods method explain contact_sheet to_png to_html",
    "Importer": "states",
    "Health": "latest look check",
    "Inference": "read unpacked store request admitted check_model",
    "Lab": "attacks info settings attack compare to_zip",
    "Model": "predict report calibration_drift clean_flagged",
    "Monitoring": "settings statistics standing live_window figures executions "
    "execution execution_log execution_in_full furthest_class classes_in_question quality "
    "counts_over_time confidence_over_time situation draft_of_samples violated_within",
    "Schedules": "all one next_run describe next_after_now",
    "Tensors": "records trial facts values history explain maps to_npz size outcomes",
    "Triage": "analyst session standing in_work_elsewhere image by_another_model done "
    "several count_decided pace trail outcome export",
    "TriageSession": "want read_queue next enter open later back keep",
}
# Periodic work, and what asks by another way.
OWN = {
    "Alerts": "consider tell flush close",
    "Baselines": "add_with keep",  # by create and add
    "ContextPrefetch": "close",
    "DriftMonitor": "catch_up mark_reported forget_e_values",
    "Endpoints": "add",
    "Health": "watch",
    "Inference": "invoke send close",  # by submit
    "Monitoring": "run_with run_on_alarm end_lost_runs",  # by run
    "Recorder": "offer record flush close",  # by Tensors.record
    "Schedules": "tick close",
    "Tensors": "close",
    "Triage": "close",
    "TriageSession": "decide decide_all undo",  # of the session's analyst
}
VIEWER, ANALYST = Analyst("bo", Role.VIEWER), Analyst("ada", Role.ANALYST)


def facades(signwatch: Services) -> Iterator[object]:
    """What hangs at the services, and at those in turn."""
    for name, facade in vars(signwatch).items():
        if type(facade).__module__.startswith(
            ("core.services", "core.attacks", "core.monitoring", "core.alerts")
        ) and not name.startswith("_"):
            yield facade
            for own, part in vars(facade).items():
                if not own.startswith("_") and type(part).__module__.startswith("core."):
                    yield part
    yield signwatch.captures.importer()
    yield signwatch.triage.session(VIEWER)


def calls(facade: object) -> Iterator[tuple[str, object]]:
    """The public methods of a facade."""
    for name in dir(type(facade)):
        found = getattr_static(type(facade), name)
        function = found.__func__ if isinstance(found, staticmethod) else found
        if not name.startswith("_") and isfunction(function):
            yield name, function


def test_every_call_reads_or_asks_for_a_permission(signwatch: Services) -> None:
    unknown = [
        f"{type(facade).__name__}.{name}"
        for facade in facades(signwatch)
        for name, function in calls(facade)
        if not hasattr(function, "permission")
        and name not in READING.get(type(facade).__name__, "").split()
        and name not in OWN.get(type(facade).__name__, "").split()
    ]
    assert unknown == []


def test_what_is_listed_is_there_and_asks_for_nothing(signwatch: Services) -> None:
    listed = {
        (kind, name)
        for table in (READING, OWN)
        for kind, names in table.items()
        for name in names.split()
    }
    without = {
        (type(facade).__name__, name)
        for facade in facades(signwatch)
        for name, function in calls(facade)
        if not hasattr(function, "permission")
    }
    assert listed - without == set()


def refused(analyst: Analyst, call: object) -> bool:
    """Whether a call is refused before it looks at its arguments."""

    def run() -> bool:
        act_as(analyst)
        try:
            call()  # type: ignore[operator]
        except Forbidden:
            return True
        except TypeError:  # it lacks its arguments, and would have gone on
            return False
        return False

    return contextvars.copy_context().run(run)


def test_a_viewer_changes_nothing_and_an_analyst_little(signwatch: Services) -> None:
    asked: set[Permission] = set()
    for facade in facades(signwatch):
        for name, function in calls(facade):
            permission = getattr(function, "permission", None)
            if permission is None:
                continue
            asked.add(permission)
            call = getattr(facade, name)
            assert refused(VIEWER, call), name
            if permission not in OF_ANALYSTS:
                assert refused(ANALYST, call), name
    assert asked == set(Permission)


def test_calls_that_ask_by_another_way_are_refused_too(signwatch: Services) -> None:
    """Those of OWN that a page or a route may call."""
    hour = {"since": "2022-02-14T17:00:00Z", "until": "2022-02-14T18:00:00Z"}
    files = {"statistics": "{}", "constraints": "{}", "origin": "a"}
    monitoring = signwatch.monitoring
    for call in (
        lambda: monitoring.run_with({}),
        lambda: monitoring.baselines.add_with(files),
        lambda: monitoring.baselines.add_with(hour),
        lambda: signwatch.inference.submit(list, None),  # type: ignore[arg-type, return-value]
    ):
        with pytest.raises(Forbidden):
            contextvars.copy_context().run(_as_viewer, call)


def _as_viewer(call: object) -> None:
    act_as(VIEWER)
    call()  # type: ignore[operator]


def test_the_walk_sees_the_facades(signwatch: Services) -> None:
    seen = {type(facade) for facade in facades(signwatch)}
    assert {Importer, TriageSession} <= seen
    assert set(READING) == {kind.__name__ for kind in seen} - {
        "Demonstration",
        "Recorder",
        "RequestLimits",
        "Simulation",
    }
