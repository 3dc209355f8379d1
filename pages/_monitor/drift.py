"""The stream detector's one parameter, and what its channels say now."""

import streamlit as st

from core.records.drift import StreamSettings
from core.services import current
from pages._monitor import rules
from pages._shared import parts


def show() -> None:
    """A box of its own."""
    stream = current().stream
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                "**Stream detector:** looks at every prediction once, as it comes", width="stretch"
            )
            with st.popover("False alarms", icon=":material/tune:"):
                _settings()
        status = stream.status()
        if status.problem:
            st.caption(f"Not computed: {status.problem}.")
            return
        with st.expander(f"What it says, as of {status.as_of:%H:%M:%S} UTC"):
            for outcome in status.outcomes:
                rules.row(outcome)
        st.caption(status.watched)


def _settings() -> None:
    stream = current().stream
    every = st.number_input(
        "At most one false alarm in so many predictions, on average",
        1.0,
        1e12,
        stream.settings().false_alarm_every,
        step=1000.0,
        format="%.0f",
        key="false_alarm_every",
        help="The larger, the rarer false alarms are, and the later an attack is noticed. "
        "The detector starts anew with it.",
    )
    if st.button("Use it", type="primary", key="stream_use"):
        with parts.errors_shown():
            stream.set_settings(StreamSettings(every))
            st.toast("Saved; the stream detector starts anew.", icon=":material/check_circle:")
            st.rerun()
