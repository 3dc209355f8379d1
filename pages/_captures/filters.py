"""The filters of the Captures page: a popover to set them, and a chip for each that is set."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import streamlit as st

from core.labels import class_name
from core.records.plain_text import Markdown
from core.records.verdicts import Verdict
from pages._captures.view import CaptureView, read_ids
from pages._shared import fields, parts

PERIOD_NAMES = {
    None: "any time",
    "hour": "last hour",
    "day": "last day",
    "week": "last 7 days",
    "month": "last 30 days",
}
FLAG_NAMES = {None: "any", "yes": "flagged", "no": "not flagged"}
Show = Callable[[CaptureView], None]


def shown_time(moment: datetime) -> Markdown:
    """A time as the page writes it, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def verdict_words(verdict: str) -> str:
    """A verdict, `decided` or `undecided`, as people read it."""
    return Verdict(verdict).words if verdict in list(Verdict) else verdict


def chips(view: CaptureView) -> list[tuple[str, CaptureView]]:
    """What is set, in words, with the view without it."""
    found: list[tuple[str, dict[str, None]]] = []
    if view.period:
        found.append((PERIOD_NAMES[view.period], {"period": None}))
    if view.since:
        found.append((f"from {shown_time(view.since)}", {"since": None}))
    if view.until:
        found.append((f"before {shown_time(view.until)}", {"until": None}))
    if view.predicted is not None:
        found.append((class_name(view.predicted), {"predicted": None}))
    if view.low is not None or view.high is not None:
        low, high = view.low or 0, 100 if view.high is None else view.high
        found.append((f"confidence {low} to {high} %", {"low": None, "high": None}))
    if view.flagged:
        found.append((FLAG_NAMES[view.flagged], {"flagged": None}))
    if view.verdict:
        found.append((f"verdict: {verdict_words(view.verdict)}", {"verdict": None}))
    for name in ("source", "endpoint"):
        if value := getattr(view, name):
            found.append((f"{name}: {value}", {name: None}))
    if view.ids:
        found.append((f"{len(view.ids)} capture ids", {"ids": None}))
    return [(text, replace(view.newest(), **without)) for text, without in found]


def show_chips(view: CaptureView, show: Show) -> None:
    """A button for each filter that is set, which takes it away."""
    set_filters = chips(view)
    for text, without in set_filters:
        if fields.chip(text, key=f"chip_{text}"):
            show(without)
    if len(set_filters) > 1 and st.button("Clear all", type="tertiary"):
        show(CaptureView())


def show_popover(view: CaptureView, show: Show) -> None:
    """Every filter in one place; nothing changes before it is applied."""
    unfiltered = CaptureView(as_of=view.as_of, page=view.page, capture=view.capture) == view
    version = hash(view)  # a changed view has fresh widgets, and the popover closes
    with (
        st.popover(
            "Filter",
            icon=":material/filter_alt:",
            key=f"filter_{version}",
            type="secondary" if unfiltered else "primary",
        ),
        st.form(f"filter_form_{version}", border=False, enter_to_submit=True),
    ):
        changes = {**_time_fields(view), **_prediction_fields(view), **_other_fields(view)}
        ids = st.text_input("Capture ids", ",".join(view.ids or ()), placeholder="any")
        if st.form_submit_button("Apply", type="primary", width="stretch"):
            with parts.errors_shown():
                changes["ids"] = read_ids(ids) if ids.strip() else None
                show(replace(view.newest(), **changes))


def _time_fields(view: CaptureView) -> dict[str, object]:
    period = st.selectbox(
        "Time",
        list(PERIOD_NAMES),
        index=list(PERIOD_NAMES).index(view.period),
        format_func=PERIOD_NAMES.get,
    )
    since, until = fields.moments(view.since, view.until)
    return {"period": period, "since": since, "until": until}


def _prediction_fields(view: CaptureView) -> dict[str, object]:
    predicted = fields.predicted_class(view.predicted)
    low, high = st.slider(
        "Confidence, %", 0, 100, (view.low or 0, 100 if view.high is None else view.high)
    )
    flagged = st.segmented_control(
        "Flagged", list(FLAG_NAMES)[1:], default=view.flagged, format_func=FLAG_NAMES.get
    )
    return {
        "predicted": predicted,
        "low": low or None,
        "high": high if high < 100 else None,
        "flagged": flagged,
    }


def _other_fields(view: CaptureView) -> dict[str, object]:
    verdicts = [None, "undecided", "decided", *(verdict.value for verdict in Verdict)]
    verdict = st.selectbox(
        "Verdict",
        verdicts,
        index=verdicts.index(view.verdict),
        format_func=lambda verdict: verdict_words(verdict) if verdict else "any",
    )
    columns = st.columns(2)
    source = columns[0].text_input("Source", view.source or "", placeholder="any")
    endpoint = columns[1].text_input("Endpoint", view.endpoint or "", placeholder="any")
    return {
        "verdict": verdict,
        "source": source.strip() or None,
        "endpoint": endpoint.strip() or None,
    }
