"""What would have happened: any rule, with any parameter, over captures of the past."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import streamlit as st

from core.monitoring.backtest import LookBack
from core.monitoring.backtest_windows import Replayed
from core.monitoring.rules.window import WINDOW_RULES
from core.monitoring.schedules.cron import HOURLY, Cron
from core.plots import backtest
from core.records.backtest import MAX_WINDOWS, Windows
from core.records.drift import DRIFT_RULE
from core.records.window import Window, now
from core.services import Job, current
from pages._monitor import backtest_drift
from pages._shared import parts
from pages._shared.job import BACKTESTS

WINDOWS = "windows"  # the mode of the work
BACK = timedelta(days=1)


def show() -> None:
    """A box of its own, closed until somebody looks back."""
    BACKTESTS.collect()
    found = BACKTESTS.results().get(WINDOWS)
    with st.expander(
        "What would have happened",
        icon=":material/history:",
        expanded=found is not None or BACKTESTS.running(WINDOWS),
    ):
        st.caption(
            "Every rule over captures of the past, with any parameter. Nothing is "
            "kept, and nobody is alerted."
        )
        _choose()
        if BACKTESTS.running(WINDOWS):
            BACKTESTS.show()
        elif found is not None:
            _replay(found)


def _choose() -> None:
    """Which windows; the log is read once for all of them."""
    end = now().replace(second=0, microsecond=0, tzinfo=None)
    with st.form("what_if", border=False):
        columns = st.columns(5, vertical_alignment="bottom")
        since = columns[0].datetime_input(
            "From (UTC)", end - BACK, key="what_if_since", format="YYYY-MM-DD"
        )
        until = columns[1].datetime_input(
            "Until (UTC)", end, key="what_if_until", format="YYYY-MM-DD"
        )
        minutes = columns[2].number_input(
            "Each window, minutes",
            1,
            525_600,
            current().monitor_settings().window_minutes,
            key="what_if_minutes",
        )
        every = columns[3].text_input(
            "A window every",
            "60",
            key="what_if_every",
            help=f"So many minutes, or a schedule such as `{HOURLY}`.",
        )
        endpoint = columns[4].text_input("Endpoint", placeholder="all", key="what_if_endpoint")
        if not st.form_submit_button("Look back", icon=":material/history:"):
            return
    with parts.errors_shown():
        windows = _windows(since, until, timedelta(minutes=minutes), every)
        past = current().what_if
        job = Job(
            "Looking back",
            lambda progress, cancelled: past.look_back(windows, endpoint.strip() or None),
        )
        BACKTESTS.keep(WINDOWS, job)
        st.rerun()


def _windows(since: datetime, until: datetime, length: timedelta, every: str) -> Windows:
    start, end = since.replace(tzinfo=UTC), until.replace(tzinfo=UTC)
    if every.strip().isdecimal():
        return Windows.every(timedelta(minutes=int(every)), start, end, length)
    return Windows.ending(_runs(Cron.parse(every), start, end), length)


def _runs(cron: Cron, start: datetime, end: datetime) -> Iterator[datetime]:
    due = cron.next_after(start)
    while due is not None and due <= end:
        yield due
        due = cron.next_after(due)


def _replay(past: LookBack) -> None:
    windows = past.windows
    if not past.holds_anything:
        st.info(
            f"No window between {windows.start:%Y-%m-%d %H:%M} and "
            f"{windows.end:%Y-%m-%d %H:%M} UTC holds a capture.",
            icon=":material/inbox:",
        )
        return
    choice, setting = st.columns([2, 1])
    rule = choice.selectbox("Rule", [*WINDOW_RULES, DRIFT_RULE], key="what_if_rule")
    if rule == DRIFT_RULE:
        backtest_drift.show(Window(windows.start, windows.end))
        return
    kind = WINDOW_RULES[rule]
    threshold = setting.number_input(
        kind.parameter.capitalize(),
        0.001,
        1.0,
        current().what_if.parameters()[rule],
        step=0.01,
        format="%.3f",
        key=f"what_if_threshold_{rule}",
        help=kind.explanation,
    )
    found = current().what_if.replay(past, rule, threshold)
    st.markdown(_summary(found))
    st.plotly_chart(
        backtest.figure_over_time(found, kind.parameter),
        key="what_if_chart",
        config={"displayModeBar": False},
        alt="The rule's figure in each window, with its parameter and the alarms",
    )
    st.caption(_told(past))


def _summary(found: Replayed) -> str:
    """How many alarms in how many windows, and the first."""
    alarms, computed, every = len(found.violated), found.computed, len(found.windows)
    of = f"{every:,} windows" if computed == every else f"{computed:,} windows of {every:,}"
    rest = "" if computed == every else f"; in {every - computed:,} nothing could be computed"
    if not alarms:
        return f"**No alarm** in {of}{rest}."
    first = found.windows.ends[found.violated[0]]
    words = "1 alarm" if alarms == 1 else f"{alarms:,} alarms"
    return f"**{words}** in {of}, the first in the window until {first:%Y-%m-%d %H:%M} UTC{rest}."


def _told(past: LookBack) -> str:
    """What was looked at, and what was left out of it."""
    windows = past.windows
    cut = (
        f" The latest {MAX_WINDOWS:,} windows; {windows.left_out:,} earlier ones were left out."
        if windows.left_out
        else ""
    )
    return (
        f"Windows of {windows.length.total_seconds() / 60:g} minutes, "
        f"{windows.start:%Y-%m-%d %H:%M} to {windows.end:%Y-%m-%d %H:%M} UTC, "
        f"{past.endpoint or 'all endpoints'}, as of {past.at:%H:%M:%S} UTC.{cut}"
    )
