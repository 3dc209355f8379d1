"""Backtest: any rule, with any parameter, over captures of the past."""

from datetime import UTC, timedelta

import streamlit as st

from core.plots.backtest import figure_over_time
from core.records.backtest import MAX_WINDOWS, LookBack, Replayed
from core.records.drift import DRIFT_RULE
from core.records.plain_text import Markdown, plain
from core.records.schedules import HOURLY
from core.records.window import Window, now
from core.services import Job
from pages._monitor import backtest_drift
from pages._shared import parts
from pages._shared.job import BACKTESTS
from pages._shared.user import current

WINDOWS = "windows"  # the mode of the work
BACK = timedelta(days=1)


def show() -> None:
    """Which windows, how far it is, and what a rule makes of them."""
    BACKTESTS.collect()
    st.subheader("Backtest")
    st.caption(
        "Replays any rule, with any parameter, over past captures. Nothing is stored, and no alert "
        "is sent."
    )
    _choose()
    if BACKTESTS.running(WINDOWS):
        BACKTESTS.show()
    elif (found := BACKTESTS.results().get(WINDOWS)) is not None:
        _replay(found)


def _choose() -> None:
    """Which windows; the log is read once for all of them."""
    end = now().replace(second=0, microsecond=0, tzinfo=None)
    with st.form("backtest", border=False):
        columns = st.columns(5, vertical_alignment="bottom")
        since = columns[0].datetime_input(
            "From (UTC)", end - BACK, key="backtest_since", format="YYYY-MM-DD"
        )
        until = columns[1].datetime_input(
            "Until (UTC)", end, key="backtest_until", format="YYYY-MM-DD"
        )
        minutes = columns[2].number_input(
            "Each window, minutes",
            1,
            525_600,
            current().monitoring.settings().window_minutes,
            key="backtest_minutes",
        )
        every = columns[3].text_input(
            "A window every",
            "60",
            key="backtest_every",
            help=f"So many minutes, or a schedule such as `{HOURLY}`.",
        )
        endpoint = columns[4].text_input("Endpoint", placeholder="all", key="backtest_endpoint")
        if not st.form_submit_button("Look back", icon=":material/history:"):
            return
    with parts.errors_shown():
        backtest = current().monitoring.backtest
        windows = backtest.windows(
            since.replace(tzinfo=UTC), until.replace(tzinfo=UTC), timedelta(minutes=minutes), every
        )
        job = Job(
            "Looking back",
            lambda progress, cancelled: backtest.look_back(windows, endpoint.strip() or None),
        )
        BACKTESTS.keep(WINDOWS, job)
        st.rerun()


def _replay(past: LookBack) -> None:
    windows = past.windows
    if not past.holds_anything:
        st.info(
            f"No window between {windows.start:%Y-%m-%d %H:%M} and "
            f"{windows.end:%Y-%m-%d %H:%M} UTC holds a capture.",
            icon=":material/inbox:",
        )
        return
    backtest = current().monitoring.backtest
    choice, setting = st.columns([2, 1])
    rule = choice.selectbox("Rule", [*backtest.rules, DRIFT_RULE], key="backtest_rule")
    if rule == DRIFT_RULE:
        backtest_drift.show(Window(windows.start, windows.end))
        return
    description = backtest.rules[rule]
    threshold = setting.number_input(
        description.parameter.capitalize(),
        0.001,
        1.0,
        backtest.parameters()[rule],
        step=0.01,
        format="%.3f",
        key=f"backtest_threshold_{rule}",
        help=description.explanation,
    )
    found = backtest.replay(past, rule, threshold)
    st.markdown(_summary(found, past))
    st.plotly_chart(
        figure_over_time(found, description.parameter),
        key="backtest_chart",
        config={"displayModeBar": False},
        alt="The rule's figure in each window, with its parameter and the alarms",
    )
    st.caption(_replayed(past))


def _summary(found: Replayed, past: LookBack) -> Markdown:
    """How many alarms in how many windows, and when the first of them ended."""
    alarms = found.violated
    words = f"{len(alarms):,} alarm{'' if len(alarms) == 1 else 's'}" if alarms else "No alarm"
    ended = f"ended {found.windows.ends[alarms[0]]:%Y-%m-%d %H:%M} UTC" if alarms else ""
    if found.computed == len(found.windows):
        first = f", the first in the window that {ended}" if alarms else ""
        return f"**{words}** in {_windows(found)}{first}."
    first = (
        f"; {'it' if found.computed == 1 else 'the first with an alarm'} {ended}" if alarms else ""
    )
    return f"**{words}.** {_coverage(found, past)}{first}."


def _coverage(found: Replayed, past: LookBack) -> Markdown:
    """In how many windows there was something to compute."""
    busy = sum(each.total > 0 for each in past.figures)
    if found.computed == busy:
        return f"Only {busy:,} of {_windows(found)} had traffic"
    return f"Computed in {found.computed:,} of {_windows(found)}"


def _windows(found: Replayed) -> Markdown:
    count = len(found.windows)
    return f"{count:,} {'window' if count == 1 else 'windows'}"


def _replayed(past: LookBack) -> Markdown:
    """Which windows were replayed, and which were left out."""
    windows = past.windows
    cut = (
        f" The latest {MAX_WINDOWS:,} windows; {windows.left_out:,} earlier ones were left out."
        if windows.left_out
        else ""
    )
    return (
        f"Windows of {windows.length.total_seconds() / 60:g} minutes, "
        f"{windows.start:%Y-%m-%d %H:%M} to {windows.end:%Y-%m-%d %H:%M} UTC, "
        f"{plain(past.endpoint or 'all endpoints')}, as of {past.at:%H:%M:%S} UTC.{cut}"
    )
