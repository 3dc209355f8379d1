"""The drift detector's one parameter, and what its channels report now."""

import streamlit as st

from core.records.analysts import Permission
from core.records.drift import DriftSettings
from core.records.plain_text import Markdown, message
from pages._monitor import baseline, rules
from pages._shared import parts, user
from pages._shared.user import current


def show() -> None:
    """What its channels report, and its parameter."""
    st.subheader("Drift detector")
    st.caption("Checks every prediction as it arrives.")
    _status()
    if current().monitoring.baselines.in_force_id() is None:
        baseline.button_to_make_one("drift_to_baseline")
    st.subheader("False alarms")
    _settings()


@st.fragment(run_every="3s")
def _status() -> None:
    """As of now; drawn again as often as the detector looks."""
    status = current().drift.status()
    if status.problem:
        st.caption(f"{message(status.problem)}.")
        return
    for outcome in status.outcomes:
        rules.row(outcome)
    st.caption(f"As of {status.as_of:%H:%M:%S} UTC. {message(status.summary)}")


def rate_of_false_alarms(key: str, help: Markdown | None = None) -> float:
    """The detector's one parameter, as an input."""
    every: float = st.number_input(
        "Predictions with at most one false alarm, on average",
        1.0,
        1e12,
        current().drift.settings().false_alarm_every,
        step=1000.0,
        format="%.0f",
        key=key,
        help=help,
    )
    return every


def _settings() -> None:
    every = rate_of_false_alarms(
        "false_alarm_every",
        "More predictions: fewer false alarms, later detection. The detector restarts.",
    )
    if st.button("Save", type="primary", key="stream_use", **user.control(Permission.MONITOR)):
        with parts.errors_shown():
            current().drift.set_settings(DriftSettings(every))
            st.toast("Saved. The drift detector restarts.", icon=":material/check_circle:")
            st.rerun()
