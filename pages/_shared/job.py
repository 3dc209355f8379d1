"""Work that a page started: how far it is, a way to stop it, its result for the session."""

from typing import Any

import streamlit as st

from core.errors import Cancelled
from core.records.analysts import Permission
from core.records.plain_text import message, plain
from core.services import Job
from pages._shared import parts, user

AT_ONCE = 0.5  # seconds; what takes no longer shows no bar


class Jobs:
    """One job at a time, of one of several modes.

    name: of their keys in the session; permission: to cancel one, which may be of another session.
    """

    def __init__(self, name: str, permission: Permission | None = None) -> None:
        self._name = name
        self._permission = permission
        self._job, self._results = f"{name}_job", f"{name}_results"

    def keep(self, mode: str, job: Job[Any]) -> None:
        """Keep a job that just began; the one before is cancelled."""
        running = st.session_state.get(self._job)
        if running is not None:
            running[1].cancel()
        self.join(mode, job)

    def join(self, mode: str, job: Job[Any]) -> None:
        """Follow a job; the mode's last result is gone, whatever this one brings."""
        self.results().pop(mode, None)
        st.session_state[self._job] = mode, job
        job.wait(AT_ONCE)

    def collect(self) -> None:
        """Keep the result of a job that has ended; show why there is none."""
        mode, job = st.session_state.get(self._job, (None, None))
        if job is None or not job.ended:
            return
        del st.session_state[self._job]
        with parts.errors_shown():
            try:
                self.results()[mode] = job.result()
            except Cancelled as cancelled:
                st.info(message(str(cancelled)), icon=":material/cancel:", title="Cancelled")

    def results(self) -> dict[str, Any]:
        """mode -> its latest result."""
        return st.session_state.setdefault(self._results, {})

    def running(self, mode: str) -> bool:
        """Whether a job of that mode is running."""
        return st.session_state.get(self._job, (None, None))[0] == mode

    @st.fragment(run_every="0.5s")
    def show(self) -> None:
        """How far it is, and a way to stop it; the whole page is drawn again at its end."""
        _, job = st.session_state.get(self._job, (None, None))
        if job is None or job.ended:
            st.rerun()
        with st.container(border=True):
            at = job.reached
            st.progress(at.share, text=f"{job.title}: {plain(at.text)}")
            may = user.control(self._permission) if self._permission else {}
            if st.button("Cancel", icon=":material/cancel:", key=f"{self._name}_cancel", **may):
                job.cancel()
                st.caption("Stops after the current step.")


ATTACKS = Jobs("attack")
BACKTESTS = Jobs("backtest")
DRILLS = Jobs("drill", Permission.DRILLS)
SENDS = Jobs("send")
STORIES = Jobs("story")
