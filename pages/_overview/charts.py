"""The Overview's charts: class frequencies, confidence and traffic over time, runs."""

import streamlit as st

from core.plots import overview, strip_tile
from core.records.plain_text import Markdown, message, plain
from core.records.situation import Situation
from core.records.window import Window, now
from core.services import samples
from pages._shared.palette import palette
from pages._shared.user import current

STRIP = 40  # runs
BY_CLASS, BY_CHANGE = "By class", "By change"


def show_frequencies(found: Situation, stretch: str) -> None:
    """Shares by class, with the threshold and, where there is one, the baseline's shares."""
    question = found.question
    against = current().monitoring.baselines.against()
    baseline = against.baseline
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.subheader("Class frequencies", anchor=False)
        order = st.segmented_control(
            "Order of the classes",
            [BY_CLASS, BY_CHANGE],
            default=BY_CLASS,
            required=True,
            key="overview_order",
            label_visibility="collapsed",
            help="By change: the classes that are furthest from the baseline first.",
        )
    st.echarts_chart(
        overview.frequencies(
            found.figures,
            found.threshold,
            palette(),
            baseline=baseline.counts if baseline else {},
            icons=icons(),
            question=question.class_id if question else None,
            by_change=order == BY_CHANGE,
        ),
        key="frequencies",
        height=330,
        alt="Share of predictions by class, with the threshold and the baseline",
    )
    if against.problem:
        beside = f" Baseline not shown: {message(against.problem)}."
    else:
        beside = "" if baseline else " No baseline yet. Create one on the Monitor page."
    st.caption(f"{as_of()}, {plain(stretch)}, all endpoints.{beside}")


@st.cache_resource(show_spinner=False)
def icons() -> dict[int, str]:
    """Class id -> the image of its first sample sign."""
    first = {each.class_id: each for each in reversed(samples.all_samples())}
    return {
        class_id: strip_tile(sample.image().pixels, 2 * overview.ICON)
        for class_id, sample in first.items()
    }


def show_over_time(window: Window, *, bucket_seconds: int) -> None:
    """Confidence and traffic, on one time axis."""
    monitoring = current().monitoring
    low = monitoring.low_confidence
    confidence = monitoring.confidence_over_time(window, bucket_seconds)
    counts = monitoring.counts_over_time(window, bucket_seconds)
    left, right = st.columns(2)
    if confidence:
        baseline = monitoring.baselines.against().baseline
        expected = baseline.confidence.mean if baseline and baseline.confidence else None
        with left:
            st.subheader("Confidence", anchor=False)
            st.echarts_chart(
                overview.confidence(
                    confidence, palette(), low=low, expected=expected, window=window
                ),
                key="confidence",
                height=220,
                alt="Mean confidence over time",
            )
            st.caption(f"{as_of()}, {bucket_seconds:d} s a point.")
    if counts:
        with right:
            st.subheader("Traffic", anchor=False)
            st.echarts_chart(
                overview.traffic(counts, palette(), bucket_seconds=bucket_seconds, window=window),
                key="traffic",
                height=220,
                alt="Predictions over time",
            )
            st.caption(f"{as_of()}, {bucket_seconds:d} s a bar.")


def show_executions() -> None:
    """The latest runs of the monitor as a strip."""
    latest = current().monitoring.executions(STRIP, ended=True)
    if not latest:
        return
    st.subheader("Runs of the monitor", anchor=False)
    st.echarts_chart(
        overview.runs(latest, palette()),
        key="runs",
        height=48,
        alt="Latest runs: a tick without violations, ! with them, a dash where nothing "
        "was evaluated",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{as_of()}, the latest {len(latest)}, the newest to the right: ✓ no violations, "
            "! violations, – not evaluated.",
            width="content",
        )
        st.page_link("monitor.py", label="All runs", icon=":material/history:")


def as_of() -> Markdown:
    """When a chart was drawn."""
    return f"As of {now():%H:%M:%S} UTC"
