"""Visits of a page: from its first drawing until another page is drawn."""

import streamlit as st

_VISIT = "page_visit"


def begin(page: str) -> None:
    """The page of that name is about to be drawn, for the first time in a row or once more."""
    known, number = st.session_state.get(_VISIT, (None, 0))
    if known != page:
        st.session_state[_VISIT] = page, number + 1


def current() -> int:
    """The number of the visit under way."""
    return st.session_state.get(_VISIT, ("", 0))[1]
