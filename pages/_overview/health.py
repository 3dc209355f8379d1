"""The Overview's word on the capture log, where it is not well."""

import streamlit as st

from core.records.health import LogState
from core.records.plain_text import message
from pages._shared.user import current


def show() -> None:
    """What is wrong, since when, and what to do; nothing while all is well."""
    found = current().health.latest()
    title = found.title.capitalize()
    if found.state is LogState.WARNING:
        st.warning(message(message(found.sentence)), icon=":material/database:", title=title)
    elif found.state is not LogState.OK:
        st.error(message(message(found.sentence)), icon=":material/database_off:", title=title)
