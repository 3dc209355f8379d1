"""The Overview's charts: class frequencies, confidence and traffic over time, runs."""

import streamlit as st

from core.plots import base, overview
from core.records.monitoring import WindowFigures
from core.records.plain_text import Markdown, message, plain
from core.records.window import Window, now
from pages._shared.user import current

PLAIN = {"displayModeBar": False}
STRIP = 48  # runs


def show_frequencies(found: WindowFigures, threshold: float, stretch: str) -> None:
    """Shares by class, with the threshold and, where there is one, the baseline's shares."""
    against = current().monitoring.baselines.against()
    baseline = against.baseline
    st.subheader("Class frequencies")
    st.plotly_chart(
        base.class_frequencies(found, threshold, baseline=baseline and baseline.counts),
        key="frequencies",
        config=PLAIN,
        alt="Share of predictions by class, with the threshold and the baseline",
    )
    if against.problem:
        beside = f" Baseline not shown: {message(against.problem)}."
    else:
        beside = "" if baseline else " No baseline yet. Create one on the Monitor page."
    st.caption(f"{as_of()}, {plain(stretch)}, all endpoints.{beside}")


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
            st.subheader("Confidence")
            st.plotly_chart(
                overview.confidence_over_time(
                    confidence, low=low, expected=expected, window=(window.start, window.end)
                ),
                key="confidence",
                config=PLAIN,
                alt="Mean confidence over time",
            )
            st.caption(f"{as_of()}, {bucket_seconds:d} s a point.")
    if counts:
        with right:
            st.subheader("Traffic")
            st.plotly_chart(
                base.traffic(
                    counts, bucket_seconds=bucket_seconds, window=(window.start, window.end)
                ),
                key="traffic",
                config=PLAIN,
                alt="Predictions over time",
            )
            st.caption(f"{as_of()}, {bucket_seconds:d} s a bar.")


def show_executions() -> None:
    """The latest runs of the monitor as a strip."""
    latest = current().monitoring.executions(STRIP, ended=True)
    if not latest:
        return
    st.subheader("Runs of the monitor")
    st.plotly_chart(
        overview.executions_strip(latest),
        key="runs",
        config=PLAIN,
        alt="Latest runs: green without violations, red with, grey not evaluated",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{as_of()}, the latest {len(latest)}: green without violations, red with violations, "
            "grey not evaluated.",
            width="content",
        )
        st.page_link("monitor.py", label="All runs", icon=":material/history:")


def as_of() -> Markdown:
    """When a chart was drawn."""
    return f"As of {now():%H:%M:%S} UTC"
