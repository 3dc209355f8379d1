"""The backtest of the drift detector: any A, over predictions of the past."""

from functools import partial

import streamlit as st

from core.plots import drift
from core.records.drift import DriftBacktest, DriftSettings
from core.records.plain_text import message
from core.records.window import Window
from core.services import Job
from pages._monitor.drift import rate_of_false_alarms
from pages._shared.job import BACKTESTS
from pages._shared.user import current

DRIFT = "drift"  # the mode of the work
LISTED = 10  # alarms


def show(window: Window) -> None:
    """Its one parameter, and what it would have reported in that window."""
    detector = current().drift
    with st.container(horizontal=True, vertical_alignment="bottom"):
        every = rate_of_false_alarms("backtest_false_alarm_every")
        if st.button("Replay", icon=":material/replay:", key="backtest_stream"):
            settings = DriftSettings(every)
            BACKTESTS.keep(DRIFT, Job("Replaying", partial(detector.backtest, window, settings)))
            st.rerun()
    found = BACKTESTS.results().get(DRIFT)
    if BACKTESTS.running(DRIFT):
        BACKTESTS.show()
    elif found is not None:
        _result(found)


def _result(found: DriftBacktest) -> None:
    stretch = (
        f"between {found.window.start:%Y-%m-%d %H:%M} and {found.window.end:%Y-%m-%d %H:%M} UTC"
    )
    if not found.predictions:
        st.info(
            f"Not computed: no prediction of this endpoint {stretch}. Imported captures do not "
            "count as live traffic.",
            icon=":material/inbox:",
        )
        return
    count = len(found.alarms)
    words = "No alarm" if not count else "1 alarm" if count == 1 else f"{count:,} alarms"
    st.markdown(
        f"**{words}** in {found.predictions:,} predictions {stretch}, with at most one "
        f"false alarm in {found.threshold:,.0f}."
    )
    st.plotly_chart(
        drift.e_values(found.points, found.threshold, found.window, channels=found.channels),
        key="backtest_stream_chart",
        config={"displayModeBar": False},
        alt="E-value that the drift detector would have had, with its alarm threshold",
    )
    for alarm in found.alarms[:LISTED]:
        st.markdown(
            f":red[:material/error:] {alarm.at:%Y-%m-%d %H:%M:%S} UTC · "
            f"{message(alarm.description)}."
        )
    left_out = f" The first {LISTED} alarms are listed." if count > LISTED else ""
    st.caption(
        "From a cold start, with the baseline in force, all endpoints together, without "
        f"imported captures.{left_out}"
    )
