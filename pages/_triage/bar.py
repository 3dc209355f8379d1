"""Over the queue: what is listed, search, filters, undo, export."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from core.labels import all_labels, class_name
from core.records.triage import Queue, Status
from core.records.verdicts import Verdict
from core.services import current
from pages._triage import keys, outcome, state
from pages._triage.state import Work
from pages._triage.view import LISTS, WAITING, TriageView

Show = Callable[[TriageView], None]
SEARCH, LIST = "triage_search_text", "triage_list"


def show(view: TriageView, queue: Queue, go: Show) -> None:
    """The bar, and under it a chip for each filter that is set."""
    decided = current().triage.count_decided()
    counts = {WAITING: f" {queue.waiting:,}", Status.DONE.value: f" {decided:,}"}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        listed = st.segmented_control(
            "List",
            LISTS,
            default=view.status,
            required=True,
            key=f"{LIST}_{view.status}",
            format_func=lambda name: name.capitalize() + counts.get(name, ""),
            label_visibility="collapsed",
        )
        with st.container(key="triage_search", width=240):
            searched = st.text_input(
                "Search",
                view.q or "",
                type="search",
                key=f"{SEARCH}_{view.q}",
                placeholder="Id, source, class, note (F)",
                label_visibility="collapsed",
            )
        _show_filters(view, go)
        _show_export(decided)
        outcome.show_popover()
        _show_undo()
    if listed != view.status:
        go(replace(view, status=listed, capture=None))
    if (searched or None) != view.q:
        go(replace(view, q=searched or None, capture=None))
    _show_chips(view, go)


def _show_filters(view: TriageView, go: Show) -> None:
    version = hash(view)  # a changed view has fresh widgets, and the popover closes
    with (
        st.popover("Filter", icon=":material/filter_alt:", key=f"triage_filter_{version}"),
        st.form(f"triage_filter_form_{version}", border=False),
    ):
        classes = [None, *(label.class_id for label in all_labels())]
        if view.predicted not in classes:
            classes.append(view.predicted)
        predicted = st.selectbox(
            "Predicted class",
            classes,
            index=classes.index(view.predicted),
            format_func=lambda class_id: "any" if class_id is None else class_name(class_id),
        )
        columns = st.columns(2)
        source = columns[0].text_input("Source", view.source or "", placeholder="any")
        endpoint = columns[1].text_input("Endpoint", view.endpoint or "", placeholder="any")
        moments = [
            column.datetime_input(
                label,
                value=given and given.replace(tzinfo=None),
                format="YYYY-MM-DD",
                min_value=datetime(1990, 1, 1),
                max_value=datetime(2100, 1, 1),
            )
            for column, label, given in zip(
                st.columns(2), ("From (UTC)", "Before (UTC)"), (view.since, view.until), strict=True
            )
        ]
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
        if st.form_submit_button("Apply", type="primary", width="stretch"):
            since, until = (moment and moment.replace(tzinfo=UTC) for moment in moments)
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
                    capture=None,
                )
            )


def _show_export(decided: int) -> None:
    if decided:
        st.download_button(
            "Export",
            current().triage.export,
            "signwatch-triage.zip",
            "application/zip",
            icon=":material/download:",
            on_click="ignore",
            help="Everything done: images in folders by true class, as `train --data` reads "
            "them, with manifest, COCO annotations and audit trail.",
        )


def _show_undo() -> None:
    if state.work().session.can_undo:
        st.button(
            "Undo",
            icon=":material/undo:",
            shortcut=keys.UNDO,
            key="triage_undo",
            on_click=state.do,
            args=(Work.undo,),
        )


def _show_chips(view: TriageView, go: Show) -> None:
    if not (chips := view.chips()):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for text, without in chips:
            if st.button(
                text,
                icon=":material/close:",
                icon_position="right",
                key=f"triage_chip_{text}",
                help="Remove this filter",
            ):
                go(replace(without, capture=None))
