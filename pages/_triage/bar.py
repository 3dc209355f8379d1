"""Over the queue: what is listed, search, filters, export."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from core.records.plain_text import plain
from core.records.triage import Queue, Status
from core.records.verdicts import Verdict
from pages._shared import fields
from pages._shared.user import current
from pages._triage import outcome, state
from pages._triage.state import Work
from pages._triage.view import DRILLS, LISTS, WAITING, TriageView

Show = Callable[[TriageView], None]
SEARCH, LIST = "triage_search_text", "triage_list"


def show(view: TriageView, queue: Queue, go: Show) -> None:
    """The bar, and under it a chip for each filter that is set."""
    done = current().captures.count(view.done())
    counts = {WAITING: f" {queue.waiting:,}", Status.DONE.value: f" {done:,}"}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.session_state[LIST] = view.status
        st.segmented_control(
            "List",
            LISTS,
            required=True,
            key=LIST,
            on_change=_listed,
            format_func=lambda name: plain(name.capitalize() + counts.get(name, "")),
            label_visibility="collapsed",
        )
        with st.container(key="triage_search", width=240):
            if st.session_state.get(SEARCH) != (view.q or ""):  # leaves alone what is being typed
                st.session_state[SEARCH] = view.q or ""
            st.text_input(
                "Search",
                type="search",
                key=SEARCH,
                on_change=_searched,
                placeholder="Id, source, class, note (F)",
                label_visibility="collapsed",
            )
        _show_filters(view, go)
        _show_export()
        outcome.show_popover()
    _show_chips(view, go)


def _listed() -> None:
    state.do(Work.list, status=st.session_state[LIST])


def _searched() -> None:
    state.do(Work.list, q=st.session_state[SEARCH] or None)


def _show_filters(view: TriageView, go: Show) -> None:
    version = hash(view)  # a changed view has fresh widgets, and the popover closes
    with (
        st.popover("Filter", icon=":material/filter_alt:", key=f"triage_filter_{version}"),
        st.form(f"triage_filter_form_{version}", border=False),
    ):
        predicted = fields.predicted_class(view.predicted)
        columns = st.columns(2)
        source = columns[0].text_input("Source", view.source or "", placeholder="any")
        endpoint = columns[1].text_input("Endpoint", view.endpoint or "", placeholder="any")
        since, until = fields.moments(view.since, view.until)
        verdicts = [None, *(verdict.value for verdict in Verdict)]
        columns = st.columns(2)
        verdict = columns[0].selectbox(
            "Verdict, of done ones",
            verdicts,
            index=verdicts.index(view.verdict),
            format_func=lambda verdict: Verdict(verdict).words if verdict else "any",
        )
        analyst = columns[1].text_input(
            "Analyst, of done ones", view.analyst or "", placeholder="any"
        )
        drills = st.segmented_control(
            "Drills", DRILLS, default=view.drills, required=True, format_func=str.capitalize
        )
        if st.form_submit_button("Apply", type="primary", width="stretch"):
            go(
                replace(
                    view,
                    predicted=predicted,
                    source=source or None,
                    endpoint=endpoint or None,
                    since=since,
                    until=until,
                    verdict=verdict,
                    analyst=analyst or None,
                    drills=drills,
                )
            )


def _show_export() -> None:
    """Always there, so that nothing moves once there is something to export."""
    st.download_button(
        "Export",
        current().triage.export,
        "signwatch-triage.zip",
        "application/zip",
        icon=":material/download:",
        on_click="ignore",
        disabled=not current().triage.count_decided(),
        help="Everything done: images in folders by true class, as `train --data` reads "
        "them, with manifest, COCO annotations and audit trail.",
    )


def _show_chips(view: TriageView, go: Show) -> None:
    if not (chips := view.chips()):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for text, without in chips:
            if fields.chip(text, key=f"triage_chip_{text}"):
                go(without)
