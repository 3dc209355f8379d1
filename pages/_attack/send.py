"""The attacked image as traffic, among sample signs; it goes on while other pages are open."""

import streamlit as st

from core.errors import Cancelled
from core.records.analysts import Permission
from core.records.attacks import AttackedImage
from core.services import Job
from pages._shared import user
from pages._shared.job import SENDS
from pages._shared.user import current

ONE = "one"  # the mode of the work


def show(result: AttackedImage) -> None:
    """How many requests, how many of them attacked."""
    with (
        st.form("send", border=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        count = st.number_input("Requests", 1, 5000, 400, width=120)
        share = st.slider("Share of adversarial requests, %", 0, 100, 80, width=220)
        if st.form_submit_button(
            "Send as traffic",
            type="primary",
            icon=":material/send:",
            **user.control(
                Permission.TRAFFIC,
                disabled=SENDS.running(ONE),
                help="Mixed with sample signs. Watch the monitor notice.",
            ),
        ):
            SENDS.keep(ONE, _job(result, count, round(count * share / 100)))
            st.rerun()


def follow() -> None:
    """How far the sending is, or what was sent last, whatever image is shown by now."""
    SENDS.collect()
    if SENDS.running(ONE):
        SENDS.show()
    elif sent := SENDS.results().get(ONE):
        st.success(
            f"{sent.sent:d} requests sent, {sent.attacked:d} of them adversarial.",
            icon=":material/send:",
        )
        st.page_link(
            "overview.py", label="Watch the class frequencies", icon=":material/monitoring:"
        )


def forget() -> None:
    """What was sent is of an earlier attack."""
    SENDS.results().clear()


def _job(result: AttackedImage, count: int, attacked: int) -> Job:
    simulation = current().simulation

    def work(progress, cancelled):
        def report(done: int, total: int, what: str) -> None:
            if cancelled():
                raise Cancelled(f"{done:,} of {total:,} requests were sent before")
            progress(done, total, f"{done:,} of {total:,}")

        return simulation.send_mixed(result, count, attacked, report)

    return Job("Sending requests", work)
