"""What would have happened: the stream detector with any A, over predictions of the past."""

import streamlit as st

from core.monitoring.drift.backtest import StreamReplay
from core.monitoring.drift.messages import MOMENT
from core.plots import drift
from core.records.drift import StreamSettings
from core.records.window import Window
from core.services import current
from pages._shared.job import WHAT_IF

STREAM = "stream"  # the mode of the work
LISTED = 10  # alarms


def show(window: Window) -> None:
    """Its one parameter, and what it would have said of that stretch."""
    stream = current().stream
    with st.container(horizontal=True, vertical_alignment="bottom"):
        every = st.number_input(
            "At most one false alarm in so many predictions, on average",
            1.0,
            1e12,
            stream.settings().false_alarm_every,
            step=1000.0,
            format="%.0f",
            key="what_if_false_alarm_every",
        )
        if st.button("Replay", icon=":material/replay:", key="what_if_stream"):
            settings = StreamSettings(every)
            WHAT_IF.start(
                "Replaying",
                STREAM,
                lambda progress, cancelled: stream.replay(window, settings, progress, cancelled),
            )
            st.rerun()
    found = WHAT_IF.results().get(STREAM)
    if WHAT_IF.running(STREAM):
        WHAT_IF.show()
    elif found is not None:
        _said(found)


def _said(found: StreamReplay) -> None:
    stretch = (
        f"between {found.window.start:%Y-%m-%d %H:%M} and {found.window.end:%Y-%m-%d %H:%M} UTC"
    )
    if not found.predictions:
        st.info(
            f"Not computed: no prediction of one's own {stretch}. Imported captures are not "
            "part of the live stream.",
            icon=":material/inbox:",
        )
        return
    count = len(found.alarms)
    words = "No alarm" if not count else "1 alarm" if count == 1 else f"{count:,} alarms"
    st.markdown(
        f"**{words}** in {found.predictions:,} predictions {stretch}, with at most one "
        f"false alarm in {found.line:,.0f}."
    )
    st.plotly_chart(
        drift.evidence(found.points, found.line, found.window, channels=found.decides),
        key="what_if_stream_chart",
        config={"displayModeBar": False},
        alt="Evidence that the stream detector would have had, with its alarm line",
    )
    for alarm in found.alarms[:LISTED]:
        st.markdown(f":red[:material/error:] {alarm.at:{MOMENT}} · {alarm.description}.")
    left_out = f" The first {LISTED} alarms are listed." if count > LISTED else ""
    st.caption(
        "From a cold start, beside the baseline in force, all endpoints together, without "
        f"imported captures.{left_out}"
    )
