"""The drift detector: its e-value growing towards the alarm threshold, and what it reports."""

import streamlit as st

from core.plots import overview
from core.records.drift import channel_of
from core.records.monitoring import RuleState
from core.records.plain_text import message
from core.records.window import Window
from pages._shared.palette import palette
from pages._shared.user import current


def show(window: Window) -> None:
    """Chart, a sentence for each channel that decides, as of when; or why there is nothing."""
    detector = current().drift
    status = detector.status()
    if status.problem:
        st.caption(f"**Drift detector** · {message(status.problem)}.")
        return
    st.subheader("Drift detector", anchor=False)
    st.echarts_chart(
        overview.e_values(
            detector.e_values(window),
            status.threshold,
            palette(),
            window,
            channels=status.channels,
        ),
        key="e_values",
        height=240,
        alt="E-value of the drift detector over time, with its alarm threshold",
    )
    for outcome in status.outcomes:
        if outcome.decides:
            alarms = outcome.state is RuleState.VIOLATED
            icon = ":red[:material/error:]" if alarms else ":green[:material/check:]"
            st.markdown(f"{icon} **{channel_of(outcome.rule)}** · {message(outcome.sentence)}.")
    st.caption(f"As of {status.as_of:%H:%M:%S} UTC. {message(status.summary)}")
