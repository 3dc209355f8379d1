"""What an operator sees from across the room: state, class frequencies, confidence, runs."""

from collections.abc import Sequence

import streamlit as st

from core.records.monitoring import WindowFigures
from core.records.plain_text import Markdown
from core.records.queries import WAITING
from pages._attack.link import TRY_IT
from pages._overview import charts, drift, health, pointer, state, story
from pages._shared import parts
from pages._shared.user import current

signwatch = current()
HOUR, DAY = 60, 24 * 60


@st.fragment(run_every="2s")
def live() -> None:
    """Everything that changes with the traffic."""
    health.show()
    with parts.errors_shown():
        show_traffic()


def show_traffic() -> None:
    """What the log says of the traffic; raises Unavailable where it does not answer."""
    settings = signwatch.monitoring.settings()
    bar = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
    )
    stretches = sorted({5, 15, HOUR, DAY, settings.window_minutes})
    with bar:
        minutes = st.segmented_control(
            "Show the last",
            stretches,
            required=True,
            default=asked_minutes(stretches) or settings.window_minutes,
            key="shown_minutes",
            format_func=lambda n: length(n) + " (monitor)" * (n == settings.window_minutes),
        )
    address = {} if minutes == settings.window_minutes else {"minutes": str(minutes)}
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)
    window = signwatch.monitoring.live_window(minutes=minutes)
    found = signwatch.monitoring.figures(window)
    if found.total == 0:
        state.show_runs()
        show_empty(minutes)
        charts.show_executions()
        return
    with bar:
        link_to_try_it()
    here = signwatch.monitoring.situation(window, found)
    state.show_now(here, length(minutes))
    state.show_runs()
    show_figures(found, settings.threshold, minutes)
    charts.show_frequencies(here, f"last {length(minutes)}")
    drift.show(window)
    charts.show_over_time(window, bucket_seconds=max(10, minutes))
    charts.show_executions()


def asked_minutes(stretches: Sequence[int]) -> int | None:
    """The stretch that the address asks for."""
    asked = st.query_params.get("minutes")
    return next((minutes for minutes in stretches if str(minutes) == asked), None)


def show_figures(found: WindowFigures, threshold: float, minutes: int) -> None:
    """The window in four figures."""
    waiting = signwatch.captures.count(WAITING)
    unreadable = f", {found.unreadable:,} unreadable" if found.unreadable else ""
    with st.grid(4):
        state.show_leader(found, threshold)
        st.metric(
            "Predictions in the window",
            f"{found.total:,}",
            f"last {length(minutes)}{unreadable}",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )
        st.metric(
            "Mean confidence",
            parts.computed(found.mean_confidence, ".1%"),
            "no prediction has a confidence"
            if found.low_confidence is None
            else f"{found.low_confidence:,} below {signwatch.monitoring.low_confidence:.0%}",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )
        st.metric(
            "Waiting in triage",
            f"{waiting:,}",
            "suspicion not computed in the window"
            if found.flagged is None
            else f"{found.flagged:,} flagged in the window",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )


def length(minutes: int) -> Markdown:
    """5 -> `5 min`, 60 -> `1 h`."""
    return f"{minutes // HOUR:d} h" if minutes % HOUR == 0 else f"{minutes:d} min"


def link_to_try_it() -> None:
    """To the Attack page with everything chosen already."""
    st.page_link(
        "attack.py",
        label="**Try it: fool the classifier**",
        icon=":material/bolt:",
        query_params=TRY_IT,
    )


def show_empty(minutes: int) -> None:
    """What to do when there is no traffic to show."""
    with st.container(border=True):
        st.subheader(f"No traffic in the last {length(minutes)}")
        st.markdown(
            "Predictions appear here as they are made. New here? Let the dashboard attack itself, "
            "or see a sign that you can read and the classifier can't:"
        )
        story.show()
        link_to_try_it()
        st.page_link("classify.py", label="Or drop images of signs", icon=":material/image_search:")
        st.markdown("or send requests to the endpoint:")
        st.code(
            "curl --data-binary @sign.png -H 'Content-Type: image/png' "
            f"{st.context.url or 'http://localhost:8501'}/invocations",
            language="bash",
        )


story.follow()
live()
pointer.keep_tooltips()
