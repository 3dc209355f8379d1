"""The attacked image as traffic, among sample signs."""

import streamlit as st

from core.records.attacks import AttackedImage
from core.services import current
from pages._shared import parts


def show(result: AttackedImage) -> None:
    """How many requests, how many of them attacked."""
    with st.form("send", border=True):
        st.markdown("**Send as traffic**: watch the monitor notice")
        with st.grid(2, min_column_width=200):
            count = st.number_input("Requests", 1, 5000, 400)
            share = st.slider("Share of adversarial requests, %", 0, 100, 80)
        if st.form_submit_button("Send as traffic", icon=":material/send:"):
            with parts.errors_shown():
                _send(result, count, round(count * share / 100))


def _send(result: AttackedImage, count: int, attacked: int) -> None:
    with parts.progress_bar("Sending requests") as report:
        current().simulation.send_mixed(result, count, attacked, report)
    st.success(f"{count} requests sent, {attacked} of them adversarial.", icon=":material/send:")
    st.page_link("overview.py", label="Watch the class frequencies", icon=":material/monitoring:")
