"""What follows the verdict: the group, neighbours, runs of the monitor, the history."""

import streamlit as st

from core.records.analysts import Permission
from core.records.plain_text import message, plain, short
from core.records.triage import ItemContext, Opened
from pages._shared import parts, user
from pages._shared.user import current
from pages._triage import group, state
from pages._triage.state import Work

POLL = "0.7s"


def show(opened: Opened, context: ItemContext | None) -> None:
    """As soon as it is built; until then the page asks for it, and nobody waits."""
    current().triage.contexts.ask([opened.capture_id, *state.work().session.ahead[:2]])
    if context:
        state.work().draft.context = context
        _show_links(opened, context)
        group.show(opened, context)
        _show_neighbours(opened, context)
    else:
        _wait(opened.capture_id)
    _show_trail(opened)


@st.fragment(run_every=POLL)
def _wait(capture_id: str) -> None:
    if current().triage.contexts.get(capture_id):
        st.rerun()
    st.caption(":material/hourglass: Neighbours and the group follow.")


def _show_neighbours(opened: Opened, context: ItemContext) -> None:
    capture = opened.item.capture
    source = capture.provenance.source
    if len(context.around) < 2:
        return
    st.markdown(f"**Before and after**, from {plain(short(source or 'this endpoint'))}")
    at = capture.inferred_at
    notes = {
        tile.capture.capture_id: _apart((tile.capture.inferred_at - at).total_seconds())
        for tile in context.around
    }
    st.html(group.strip(context.around, opened.capture_id, notes=notes))


def _apart(seconds: float) -> str:
    if seconds == 0:
        return "now"
    size = abs(seconds)
    text = (
        f"{size:.1f} s"
        if size < 60
        else f"{size / 60:.0f} min"
        if size < 3600
        else f"{size / 3600:.0f} h"
        if size < 86_400
        else f"{size / 86_400:.0f} d"
    )
    return f"{'-' if seconds < 0 else '+'}{text}"


def _show_links(opened: Opened, context: ItemContext) -> None:
    """Runs of the monitor over it, and the pages that take a capture."""
    with st.container(horizontal=True, gap="small"):
        for execution in context.executions[:2]:
            violated = execution.violations
            st.page_link(
                "monitor.py",
                query_params={"execution": execution.execution_id},
                label=f"Alarm: {message(violated[0].description)}"
                if violated
                else f"Run {execution.started_at:%Y-%m-%d %H:%M} UTC, no violation",
                icon=":material/warning:" if violated else ":material/notifications_active:",
            )
        query = {"capture": opened.capture_id}
        if opened.item.capture.image_sha256:
            st.page_link(
                "explain.py", label="Explain", icon=":material/visibility:", query_params=query
            )
        st.page_link("captures.py", label="Capture", icon=":material/database:", query_params=query)


def _show_trail(opened: Opened) -> None:
    """All verdicts on it; the one that counts can be taken back."""
    if not opened.trail:
        return
    st.markdown("**History**")
    parts.show_statements(opened.trail[::-1])
    for each in opened.trail:
        if each.counts:
            st.button(
                f"Take back: {each.decision.verdict.words}",
                icon=":material/undo:",
                key=f"triage_take_back_{opened.turn}",
                on_click=state.do,
                args=(Work.take_back, each.decision),
                **user.control(Permission.VERDICTS),
            )
