"""The work that an attack is: started, watched, cancelled; what it came to is kept by page mode."""

from typing import Any

import streamlit as st

from core.background import Job, Work
from core.errors import Cancelled
from pages import _parts as parts

JOB = "attack_job"
RESULTS = "attack_results"
AT_ONCE = 0.5  # seconds; what takes no longer shows no bar


def start(title: str, mode: str, work: Work[Any]) -> None:
    """Begin; the mode's last result is gone, whatever this one comes to."""
    running = st.session_state.get(JOB)
    if running is not None:
        running[1].cancel()
    results().pop(mode, None)
    job = Job(title, work)
    st.session_state[JOB] = mode, job
    job.wait(AT_ONCE)


def collect() -> None:
    """Keep the result of work that has ended; say why there is none."""
    mode, job = st.session_state.get(JOB, (None, None))
    if job is None or not job.ended:
        return
    del st.session_state[JOB]
    with parts.errors_shown():
        try:
            results()[mode] = job.result()
        except Cancelled as cancelled:
            st.info(str(cancelled), icon=":material/cancel:", title="Cancelled")


def results() -> dict[str, Any]:
    """page mode -> its latest result."""
    return st.session_state.setdefault(RESULTS, {})


def running(mode: str) -> bool:
    """Whether work of that mode is under way."""
    return st.session_state.get(JOB, (None, None))[0] == mode


@st.fragment(run_every="0.5s")
def show() -> None:
    """How far it is, and a way to stop it; the whole page is drawn again at its end."""
    _, job = st.session_state.get(JOB, (None, None))
    if job is None or job.ended:
        st.rerun()
    with st.container(border=True):
        at = job.reached
        st.progress(at.share, text=f"{job.title}: {at.text}")
        if st.button("Cancel", icon=":material/cancel:", key="attack_cancel"):
            job.cancel()
            st.caption("Stops after the step that is under way.")
