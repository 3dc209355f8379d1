"""The filters of the Captures page: a popover to set them, and a chip for each that is set."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from core.labels import all_labels, class_name
from core.records.verdicts import Verdict
from pages._captures.view import CaptureView, read_ids
from pages._shared import parts

PERIOD_NAMES = {
    None: "any time",
    "hour": "last hour",
    "day": "last day",
    "week": "last 7 days",
    "month": "last 30 days",
}
FLAG_NAMES = {None: "any", "yes": "flagged", "no": "not flagged"}
Show = Callable[[CaptureView], None]


def shown_time(moment: datetime) -> str:
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
        if st.button(
            text,
            icon=":material/close:",
            icon_position="right",
            type="secondary",
            key=f"chip_{text}",
            help="Remove this filter",
        ):
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
    columns = st.columns(2)
    moments = {}
    for column, name, label in zip(
        columns, ("since", "until"), ("From (UTC)", "Before (UTC)"), strict=True
    ):
        given = getattr(view, name)
        moments[name] = column.datetime_input(
            label,
            value=given and given.replace(tzinfo=None),
            min_value=datetime(1990, 1, 1),
            max_value=datetime(2100, 1, 1),
            format="YYYY-MM-DD",
        )
    return {
        "period": period,
        **{name: moment and moment.replace(tzinfo=UTC) for name, moment in moments.items()},
    }


def _prediction_fields(view: CaptureView) -> dict[str, object]:
    classes = [None, *(label.class_id for label in all_labels())]
    if view.predicted not in classes:
        classes.append(view.predicted)
    predicted = st.selectbox(
        "Predicted class",
        classes,
        index=classes.index(view.predicted),
        format_func=lambda class_id: "any" if class_id is None else class_name(class_id),
    )
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
