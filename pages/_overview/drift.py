"""The stream detector: evidence growing towards its alarm line, and what it says."""

import streamlit as st

from core.monitoring.drift.messages import channel_of
from core.plots import drift
from core.records.monitoring import RuleState
from core.records.window import Window
from core.services import current


def show(window: Window) -> None:
    """Chart, a sentence for each channel that decides, as of when; or why there is nothing."""
    stream = current().stream
    status = stream.status()
    if status.problem:
        st.caption(f"Stream detector not computed: {status.problem}.")
        return
    st.subheader("Stream detector")
    channels = {channel_of(each.rule): each.decides for each in status.outcomes}
    st.plotly_chart(
        drift.evidence(stream.evidence(window), status.line, window, channels=channels),
        key="evidence",
        config={"displayModeBar": False},
        alt="Evidence of the stream detector over time, with its alarm line",
    )
    for outcome in status.outcomes:
        if outcome.decides:
            alarms = outcome.state is RuleState.VIOLATED
            icon = ":red[:material/error:]" if alarms else ":green[:material/check:]"
            st.markdown(f"{icon} **{channel_of(outcome.rule)}** · {outcome.sentence}.")
    st.caption(f"As of {status.as_of:%H:%M:%S} UTC. {status.watched}")
