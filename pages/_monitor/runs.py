"""Runs of the monitor: start one, choose one, see it in full."""

from collections.abc import Sequence

import streamlit as st

from core.plots import overview
from core.records.analysts import Permission
from core.records.monitoring import Execution
from pages._monitor import execution
from pages._shared import parts, user
from pages._shared.palette import palette
from pages._shared.user import current

STRIP = "runs_strip"  # the widget
DRAWN = "runs_strip_drawn"  # the ids of its squares
SHOWN = 50


def show() -> None:
    """The newest run, or the one that is asked for; without any, what to do."""
    monitoring = current().monitoring
    head = st.container(horizontal=True, vertical_alignment="bottom")
    with head:
        pressed = st.button(
            "Run now",
            type="primary",
            icon=":material/play_arrow:",
            **user.control(Permission.RUN_MONITOR),
        )
    if pressed:
        with parts.errors_shown(), st.spinner("Running"):
            execution.show_from_now_on(monitoring.run())
    found = monitoring.executions(SHOWN)
    if not found:
        st.info(
            "Press **Run now**, or wait for a schedule.",
            icon=":material/schedule:",
            title="No run yet",
        )
        return
    with head:
        chosen = execution.choose(found)
    _strip(found)
    execution.show(chosen)
    st.subheader("All runs")
    execution.show_all(found)


def _strip(found: Sequence[Execution]) -> None:
    """A square a run; the one that is clicked opens."""
    st.echarts_chart(
        overview.runs(found, palette(), clickable=True),
        key=STRIP,
        on_select=_open_clicked,
        height=48,
        alt="Latest runs: a tick without violations, ! with them, a dash where none was counted",
    )
    # By these, not by a list that is newer than the click.
    st.session_state[DRAWN] = [each.execution_id for each in found[::-1]]
    st.caption(
        f"The latest {len(found)}, the newest to the right: ✓ no violations, ! violations, – not "
        "evaluated. Click one to open it."
    )


def _open_clicked() -> None:
    drawn = st.session_state.get(DRAWN, [])
    for series in st.session_state[STRIP].selection.selected:
        for place in series["data_indices"]:
            if place < len(drawn):
                st.session_state[execution.CHOSEN] = drawn[place]
