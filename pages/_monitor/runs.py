"""Runs of the monitor: start one, choose one, see it in full."""

from collections.abc import Sequence

import streamlit as st

from core.plots import overview
from core.records.analysts import Permission
from core.records.monitoring import Execution
from pages._monitor import execution
from pages._shared import parts, user
from pages._shared.user import current

STRIP = "runs_strip"  # the widget
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
    st.plotly_chart(
        overview.executions_strip(found),
        key=STRIP,
        on_select=_open_clicked,
        selection_mode="points",
        config={"displayModeBar": False},
        alt="Latest runs: ✓ without violations, ! with violations, ? not evaluated, … under way",
    )
    st.caption(
        f"The latest {len(found)}, newest on the right: ✓ without violations, ! with violations, "
        "? not evaluated, … under way. Click one to open it."
    )


def _open_clicked() -> None:
    for point in st.session_state[STRIP].selection.points:
        st.session_state[execution.CHOSEN] = point["customdata"][-1]
