"""The tabs of the Monitor page; the address parameter `tab` opens one."""

from collections.abc import Callable, Mapping

import streamlit as st

from core.records.plain_text import plain

TAB = "tab"  # the widget, and the parameter in the address
RUNS = "Runs"
RULES = "Rules"
SCHEDULES = "Schedules and alerts"
BASELINE = "Baseline"
DRIFT = "Drift detector"
DRILLS = "Drills"
BACKTEST = "Backtest"
_NEXT = "monitor_next_tab"


def show(parts: Mapping[str, Callable[[], None]]) -> None:
    """A tab for each part; only the part of the open one is drawn."""
    if _NEXT in st.session_state:
        st.session_state[TAB] = st.session_state.pop(_NEXT)
    opened = st.tabs([plain(each) for each in parts], key=TAB, bind="query-params")
    for tab, draw in zip(opened, parts.values(), strict=True):
        if tab.open:
            with tab:
                draw()


def go_to(tab: str) -> None:
    """Draw the page again with that tab open."""
    st.session_state[_NEXT] = tab
    st.rerun()
