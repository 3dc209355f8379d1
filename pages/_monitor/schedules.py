"""The schedules: when each runs, its window, its last run; run, stop, change, add."""

from datetime import timedelta

import streamlit as st

from core.records.analysts import Permission
from core.records.monitoring import Execution, ExecutionStatus
from core.records.plain_text import Markdown, message, plain
from core.records.schedules import ONCE, Schedule, ScheduleStatus, StoredSchedule
from core.records.window import duration, now
from pages._monitor import execution, tabs
from pages._monitor.schedule_form import fields
from pages._shared import parts, user
from pages._shared.fields import changed_here, version
from pages._shared.user import current

SHOWN = 25
ASKED = "schedule_to_delete"  # the form whose deletion waits for a second click
UNITS = {timedelta(minutes=1): "minute", timedelta(hours=1): "hour", timedelta(days=1): "day"}
RESULTS = {
    ExecutionStatus.IN_PROGRESS: ":blue[:material/pending:]",
    ExecutionStatus.COMPLETED: ":green[:material/check:]",
    ExecutionStatus.COMPLETED_WITH_VIOLATIONS: ":red[:material/warning:]",
    ExecutionStatus.FAILED: ":gray[:material/help:]",
}


def show() -> None:
    """All of them, and a way to add one; all times are UTC."""
    schedules = current().monitoring.schedules.all()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Schedules", width="stretch")
        with st.popover("Add a schedule", icon=":material/add:"):
            _add()
    st.caption(
        "Times are in UTC." if schedules else "No schedule. The monitor runs on request only."
    )
    for stored in schedules[:SHOWN]:
        with st.container(border=True):
            _row(stored)
    if len(schedules) > SHOWN:
        st.caption(f"and {len(schedules) - SHOWN:,} more")


def _row(stored: StoredSchedule) -> None:
    """One schedule in words, with what can be done to it."""
    schedule = stored.schedule
    with st.container(gap="xxsmall"):
        st.markdown(f"**{plain(schedule.name)}** · {_when(stored)}")
        st.caption(f"{_what(schedule)}.  \n{_last(schedule.name)}")
    with st.container(horizontal=True, key=f"row_{schedule.name}"):
        if st.button(
            "Run it now",
            key=f"run_{schedule.name}",
            icon=":material/play_arrow:",
            **user.control(Permission.SCHEDULES, help="Over the window that a run checks now."),
        ):
            with parts.errors_shown():
                done = current().monitoring.schedules.run_now(schedule.name)
                execution.show_from_now_on(done)
                tabs.go_to(tabs.RUNS)
        stopped = stored.status is ScheduleStatus.STOPPED
        if schedule.expression != ONCE and st.button(
            "Start" if stopped else "Stop",
            key=f"{'start' if stopped else 'stop'}_{schedule.name}",  # never the opposite
            icon=":material/schedule:" if stopped else ":material/pause:",
            **user.control(Permission.SCHEDULES),
        ):
            with parts.errors_shown():
                switch = (
                    current().monitoring.schedules.start
                    if stopped
                    else current().monitoring.schedules.stop
                )
                switch(schedule.name)
                changed_here(_form(schedule.name))
                st.rerun()
        with st.popover("Change", icon=":material/edit:"):
            _change(stored)


def _when(stored: StoredSchedule) -> Markdown:
    if stored.schedule.expression == ONCE:
        return "ran once, when it was created"
    words = plain(current().monitoring.schedules.describe(stored.schedule.expression))
    if stored.status is ScheduleStatus.STOPPED:
        return f"{words} · :gray-badge[Stopped]"
    due = current().monitoring.schedules.next_run(stored)
    return f"{words} · next {due:%Y-%m-%d %H:%M}" if due else f"{words} · no more runs"


def _what(schedule: Schedule) -> Markdown:
    """Window, endpoint and threshold, and which of them are the monitor's defaults."""
    settings = current().monitoring.settings()
    window = schedule.window(now(), timedelta(minutes=settings.window_minutes))
    where = f"endpoint {plain(schedule.endpoint)}" if schedule.endpoint else "all endpoints"
    own = schedule.threshold
    facts = [
        _stretch(window.end - window.start, schedule.ends),
        where,
        f"threshold {(settings.threshold if own is None else own) * 100:.4g} %",
    ]
    default_window, default_threshold = schedule.begins is None, own is None
    if default_window and default_threshold:
        facts[2] += " (defaults)"
    elif default_window:
        facts[0] += " (default)"
    elif default_threshold:
        facts[2] += " (default)"
    return f"Checks {', '.join(facts)}"


def _stretch(length: timedelta, ends: timedelta) -> Markdown:
    """The window in words; ends: how long before the run."""
    if ends:
        return f"{duration(length)} until {duration(ends)} before the run"
    return f"the last {UNITS.get(length) or duration(length)}"


def _last(name: str) -> Markdown:
    for latest in current().monitoring.executions(1, schedule=name):
        return _result(latest)
    return "Has not run yet"


def _result(run: Execution) -> Markdown:
    at = run.due_at or run.started_at
    return f"{RESULTS[run.status]} {at:%Y-%m-%d %H:%M}: {message(run.message)}"


def _add() -> None:
    name = st.text_input("Name", key="new_schedule_name", placeholder="every-five-minutes")
    schedule = fields(name.strip(), None, key="new_schedule")
    may = user.control(Permission.SCHEDULES)
    if st.button("Add", type="primary", key="new_schedule_add", **may):
        with parts.errors_shown():
            current().monitoring.schedules.create(schedule())
            _done(f"Schedule {name.strip()} is added.")


def _change(stored: StoredSchedule) -> None:
    name = stored.schedule.name
    form = version(_form(name), stored.changed_at)
    schedule = fields(name, stored.schedule, key=form)
    with st.container(horizontal=True):
        if st.button(
            "Keep changes",
            type="primary",
            key=f"{form}_save",
            icon=":material/save:",
            **user.control(Permission.SCHEDULES),
        ):
            with parts.errors_shown():
                current().monitoring.schedules.change(schedule())
                changed_here(_form(name))
                _done(f"Schedule {name} is changed.")
        if st.button(
            "Delete",
            key=f"{form}_delete",
            icon=":material/delete:",
            **user.control(Permission.SCHEDULES, help="Asks before it deletes."),
        ):
            st.session_state[ASKED] = form
    if st.session_state.get(ASKED) == form:
        _confirm_deletion(stored, form)


def _confirm_deletion(stored: StoredSchedule, form: str) -> None:
    """What is lost and what stays; only the second button deletes."""
    name = stored.schedule.name
    st.warning(
        f"Its times, window, endpoint and threshold are lost, and **{plain(name)}** runs no more. "
        "There is no undo. Its past runs stay.",
        icon=":material/delete:",
        title="Delete this schedule?",
    )
    may = user.control(Permission.SCHEDULES)
    with st.container(horizontal=True):
        if st.button("Delete it", type="primary", key=f"{form}_really_delete", **may):
            with parts.errors_shown():
                current().monitoring.schedules.delete(name)
                changed_here(_form(name))
                _done(f"Schedule {name} is deleted.")
        if st.button("Keep it", key=f"{form}_keep"):
            del st.session_state[ASKED]
            st.rerun()


def _form(name: str) -> str:
    return f"schedule_{name}"


def _done(message: str) -> None:
    """Say so, and draw the page with the schedules as they are now."""
    st.toast(plain(message), icon=":material/check_circle:")
    st.rerun()
