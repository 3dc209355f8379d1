"""What an operator sees from across the room: state, class frequencies, latest violation."""

import streamlit as st

from core import figures
from core.labels import all_labels, class_name
from core.services import current
from core.types import CaptureFilter, Execution, ExecutionStatus, WindowFigures, now
from pages import _parts as parts
from pages._attack_link import TRY_IT
from pages._explain_link import to_violation

signwatch = current()


@st.fragment(run_every="2s")
def live() -> None:
    settings = signwatch.monitor_settings()
    latest = next(iter(signwatch.log.executions(1)), None)
    waiting = signwatch.log.count(CaptureFilter(flagged=True, decided=False))
    show_state(latest)
    bar = st.container(horizontal=True, horizontal_alignment="distribute",
                       vertical_alignment="bottom")  # fmt: skip
    with bar:
        minutes = st.segmented_control(
            "Show the last", sorted({5, 15, settings.window_minutes}), required=True,
            default=settings.window_minutes, key="shown_minutes",
            format_func=lambda n: f"{n} min" + " (monitor)" * (n == settings.window_minutes),
        )  # fmt: skip
    window = signwatch.live_window(minutes=minutes)
    found = signwatch.window_figures(window)
    if found.total == 0:
        show_empty(minutes)
        return
    with bar:
        link_to_try_it()
    unreadable = f", {found.unreadable:,} unreadable" if found.unreadable else ""
    with st.grid(4):
        show_leader(found, settings.threshold)
        st.metric("Predictions in the window", f"{found.total:,}",
                  f"last {minutes} min{unreadable}", delta_color="off", delta_arrow="off",
                  border=True)  # fmt: skip
        st.metric("Mean confidence", parts.computed(found.mean_confidence, ".1%"),
                  "no prediction tells its confidence" if found.low_confidence is None else
                  f"{found.low_confidence:,} below {signwatch.settings.low_confidence:.0%}",
                  delta_color="off", delta_arrow="off", border=True)  # fmt: skip
        st.metric("Waiting in triage", f"{waiting:,}",
                  "suspicion not computed in the window" if found.flagged is None else
                  f"{found.flagged:,} flagged in the window",
                  delta_color="off", delta_arrow="off", border=True)  # fmt: skip
    st.subheader("Class frequencies")
    st.plotly_chart(
        figures.class_frequencies(found, settings.threshold), key="frequencies",
        config={"displayModeBar": False}, alt="Share of predictions by class, with the threshold",
    )  # fmt: skip
    st.caption(f"As of {now():%H:%M:%S} UTC, last {minutes} minutes, all endpoints.")
    bucket = max(10, minutes)
    counts = signwatch.log.counts_over_time(window, bucket)
    if not counts:
        return
    st.subheader("Traffic")
    st.plotly_chart(
        figures.traffic(counts, bucket_seconds=bucket),
        key="traffic", config={"displayModeBar": False}, alt="Predictions over time",
    )  # fmt: skip


def show_leader(found: WindowFigures, threshold: float) -> None:
    """The class that is predicted most, red above the threshold."""
    if not found.counts:
        st.metric("Most predicted class", "not computed", "no readable prediction",
                  delta_color="off", delta_arrow="off", border=True)  # fmt: skip
        return
    top_class, top_share = next(iter(found.shares().items()))
    st.metric("Most predicted class", class_name(top_class), f"{top_share:.1%} of the window",
              delta_color="red" if top_share > threshold else "off",
              delta_arrow="off", border=True)  # fmt: skip


def show_state(latest: Execution | None) -> None:
    """The state of the latest execution, red where it found a violation."""
    if latest is None:
        st.info("The monitor has not run yet; it runs every full hour, or now on the Monitor page.",
                icon=":material/schedule:", title="No execution yet")  # fmt: skip
        return
    when = f"{latest.started_at:%Y-%m-%d %H:%M:%S} UTC, {latest.figures.total:,} predictions"
    if latest.status is ExecutionStatus.COMPLETED_WITH_VIOLATIONS:
        st.error(f"{latest.message}  \n{when}", icon=":material/warning:", title="Violation")
        with st.container(horizontal=True):
            link_to_maps(latest)
            st.page_link("triage.py", label="Work through flagged predictions",
                         icon=":material/fact_check:")  # fmt: skip
            st.page_link("monitor.py", label="See the execution",
                         icon=":material/notifications_active:")  # fmt: skip
    elif latest.status is ExecutionStatus.COMPLETED:
        st.success(f"{latest.message}  \n{when}", icon=":material/check_circle:", title="All clear")
    else:
        st.warning(f"{latest.message}  \n{when}", icon=":material/help:", title="Not evaluated")
    if latest.status is not ExecutionStatus.COMPLETED_WITH_VIOLATIONS:
        for earlier in signwatch.log.executions(
            1, status=ExecutionStatus.COMPLETED_WITH_VIOLATIONS
        ):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(f"Latest violation, {earlier.started_at:%Y-%m-%d %H:%M:%S} UTC: "
                           f"{earlier.violations[0].description}", width="content")  # fmt: skip
                link_to_maps(earlier)


def link_to_maps(execution: Execution) -> None:
    """From each class above the threshold to what was looked at when it was said."""
    for class_id, share in execution.figures.shares().items():
        if share > execution.threshold and class_id < len(all_labels()):
            st.page_link(
                "explain.py", label=f"Why {class_name(class_id)}? See the heat maps",
                icon=":material/visibility:", query_params=to_violation(execution, class_id),
            )  # fmt: skip


def link_to_try_it() -> None:
    """To the Attack page with everything chosen already."""
    st.page_link("attack.py", label="**Try it: fool the classifier**", icon=":material/bolt:",
                 query_params=TRY_IT)  # fmt: skip


def show_empty(minutes: int) -> None:
    """What to do when there is no traffic to show."""
    with st.container(border=True):
        st.subheader(f"No traffic in the last {minutes} minutes")
        st.markdown("Predictions appear here as they are made. New here? See a sign that a person "
                    "still reads, and the classifier no longer does:")  # fmt: skip
        link_to_try_it()
        st.page_link("classify.py", label="Or drop pictures of signs",
                     icon=":material/image_search:")  # fmt: skip
        st.markdown("or send requests to the endpoint:")
        st.code(
            "curl --data-binary @sign.png -H 'Content-Type: image/png' "
            f"{st.context.url or 'http://localhost:8501'}/invocations",
            language="bash",
        )


live()
