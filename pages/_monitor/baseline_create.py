"""A new baseline: from what, a preview with what speaks against it, and only then in force."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from core.labels import class_name
from core.plots import baselines as baseline_plots
from core.records.analysts import Permission
from core.records.baselines import BaselineDraft
from core.records.monitoring import Execution
from core.records.names import check_endpoint_name
from core.records.plain_text import Markdown, message, plain, short
from core.records.window import Window, now
from core.services import samples
from pages._shared import parts, user, visits
from pages._shared.user import current

SAMPLES, STRETCH, LATEST = "Sample signs", "A stretch of time", "The last minutes"
DRAFT = "baseline_draft"  # visit, draft, and the stretch that it is of
SURE = "baseline_sure"  # the widget
LEAST = 5  # predictions of a class; below that its share says little
LISTED = 5  # classes, runs
DAY = timedelta(days=1)


def show() -> None:
    """From what, the preview, and the button that puts it in force."""
    source = st.segmented_control(
        "Known-good traffic",
        [SAMPLES, STRETCH, LATEST],
        default=SAMPLES,
        key="baseline_source",
        required=True,
    )
    window = _window(source)
    may = user.control(Permission.BASELINES)
    if st.button("Preview", icon=":material/preview:", key="baseline_preview", **may):
        st.session_state.pop(DRAFT, None)
        st.session_state.pop(SURE, None)
        with parts.errors_shown():
            st.session_state[DRAFT] = visits.current(), _draft(window), window
    visit, draft, drafted = st.session_state.get(DRAFT, (None, None, None))
    if visit == visits.current():
        _preview(draft, current().monitoring.violated_within(drafted) if drafted else [])


def _window(source: str) -> Window | None:
    """The captures that are chosen; None for the sample signs."""
    if source == SAMPLES:
        st.caption(
            f"The model predicts the {len(samples.all_samples())} sample signs that ship with "
            "Signwatch. Right for a first try; real traffic makes a better baseline."
        )
        return None
    st.caption("Choose known-good traffic. Known attacks and drills are left out.")
    if source == LATEST:
        minutes = st.number_input(
            "From captures of the last minutes",
            1,
            525_600,
            current().monitoring.settings().window_minutes,
            key="baseline_minutes",
        )
        return current().monitoring.live_window(minutes=minutes)
    end = now().replace(second=0, microsecond=0, tzinfo=None)
    with st.container(horizontal=True):
        since = _moment("From (UTC)", end - DAY, "baseline_since")
        until = _moment("Until (UTC)", end, "baseline_until")
        endpoint = st.text_input("Endpoint", placeholder="all", key="baseline_endpoint").strip()
    return Window(since, until, endpoint or None)


def _moment(label: str, default: datetime, key: str) -> datetime:
    found: datetime = st.datetime_input(plain(label), default, key=key, format="YYYY-MM-DD")
    return found.replace(tzinfo=UTC)


def _draft(window: Window | None) -> BaselineDraft:
    """Raises BadInput where there is nothing to make it from."""
    if window is None:
        with parts.progress_bar("Predicting the sample signs") as report:
            return current().monitoring.draft_of_samples(report)
    if window.endpoint:
        check_endpoint_name(window.endpoint)
    with st.spinner("Counting"):
        return current().monitoring.baselines.draft(window.checked())


def _preview(draft: BaselineDraft, violated: list[Execution]) -> None:
    """What it holds and what speaks against it; with anything, one click more puts it in force."""
    st.subheader("Preview")
    st.caption(f"From {message(draft.origin)}. Not in force yet.")
    with st.grid(4):
        st.metric("Predictions", f"{draft.predictions:,}", border=True)
        st.metric(
            "Classes seen",
            f"{draft.classes - len(draft.unseen):d} of {draft.classes:d}",
            border=True,
        )
        flagged = None if draft.flagged is None else draft.flagged / draft.predictions
        st.metric("Flagged", parts.computed(flagged, ".1%"), border=True)
        if draft.alarms is not None:  # sample signs have no order in time
            st.metric(
                "Alarms in its own stretch",
                f"{draft.alarms:,}",
                border=True,
                help="How often the drift detector would have alarmed over the very predictions "
                "that the baseline is made from.",
            )
    st.plotly_chart(
        baseline_plots.counts_by_class(draft.counts, draft.classes),
        key="baseline_preview_chart",
        config={"displayModeBar": False},
        alt="Predictions by class in the previewed baseline",
    )
    against = _objections(draft, violated)
    if against:
        st.warning(
            against,
            icon=":material/warning:",
            title="Look at this before you use it",
        )
    else:
        st.markdown(":green[:material/check:] Nothing found that speaks against it.")
    may = user.control(Permission.BASELINES)
    sure = not against or st.checkbox("Use it despite the warnings", key=SURE, **may)
    may = user.control(Permission.BASELINES, disabled=not sure)
    if st.button("Use as the baseline", type="primary", key="baseline_use", **may):
        with parts.errors_shown():
            made = current().monitoring.baselines.keep(draft)
            del st.session_state[DRAFT]
            st.toast(
                f"In force: baseline of {made.predictions:,} predictions from "
                f"{plain(short(made.origin))}.",
                icon=":material/check_circle:",
            )
            st.rerun()


def _objections(draft: BaselineDraft, violated: list[Execution]) -> Markdown:
    """What speaks against it, a line each; empty where nothing does."""
    advisable, few = LEAST * draft.classes, draft.fewer_than(LEAST)
    lines = [
        f"- Only {draft.predictions:,} predictions. {advisable:,} are advisable: {LEAST} for each "
        f"of {draft.classes:,} classes.\n"
        if draft.predictions < advisable
        else "",
        f"- {_of_classes(draft.unseen)} never seen: {_names(draft.unseen)}. Later predictions of "
        "them look like drift.\n"
        if draft.unseen
        else "",
        f"- {_of_classes(few)} seen fewer than {LEAST} times: {_names(few)}. Their shares are "
        "uncertain.\n"
        if few
        else "",
        f"- The drift detector would have alarmed {draft.alarms:,} "
        f"{'time' if draft.alarms == 1 else 'times'} over this stretch itself.\n"
        if draft.alarms
        else "",
        f"- {'1 run' if len(violated) == 1 else f'{len(violated):,} runs'} over part of this "
        "stretch found violations, so it may hold an attack.\n"
        if violated
        else "",
        *[
            f"- {run.started_at:%Y-%m-%d %H:%M} UTC: {message(run.message)}\n"
            for run in violated[:LISTED]
        ],
    ]
    return "".join(lines)


def _of_classes(classes: list[int]) -> Markdown:
    return "1 class was" if len(classes) == 1 else f"{len(classes)} classes were"


def _names(classes: list[int]) -> Markdown:
    more = f" and {len(classes) - LISTED} more" if len(classes) > LISTED else ""
    return ", ".join(class_name(each) for each in classes[:LISTED]) + more
