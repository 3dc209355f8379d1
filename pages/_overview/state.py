"""The Overview's headline: how things stand, and the leading class."""

import streamlit as st

from core.labels import all_labels, class_name
from core.records.monitoring import Execution, ExecutionStatus, WindowFigures
from core.records.plain_text import Markdown, message
from pages._explain.link import to_violation
from pages._monitor.execution import link_to
from pages._shared.user import current


def show() -> None:
    """What stands now, red where it is a violation; a run that evaluated nothing hides none."""
    latest = next(iter(current().monitoring.executions(1, ended=True)), None)
    if latest is None:
        st.info(
            "The monitor runs on schedule, or now on the Monitor page.",
            icon=":material/schedule:",
            title="No run yet",
        )
        return
    standing = current().monitoring.standing()
    violated = [run for run in standing if run.violations]
    if violated:
        _show_violation(violated[0], more=len(violated) - 1)
        if latest.status is ExecutionStatus.FAILED:
            st.caption(
                f"The latest run evaluated nothing, {_when(latest)}: {message(latest.message)}"
            )
        return
    if latest.status is ExecutionStatus.FAILED:
        st.warning(
            f"{message(latest.message)}  \n{_when(latest)}",
            icon=":material/help:",
            title="Not evaluated",
        )
    else:
        st.success(
            f"{message(latest.message)}  \n{_when(latest)}",
            icon=":material/check_circle:",
            title="All clear",
        )
    for earlier in current().monitoring.executions(
        1, status=ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    ):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                f"Latest violation, {earlier.started_at:%Y-%m-%d %H:%M:%S} UTC: "
                f"{message(earlier.violations[0].description)}",
                width="content",
            )
            _link_to_maps(earlier)


def _show_violation(run: Execution, *, more: int) -> None:
    """A violation that stands, and what to do about it. more: how many stand besides."""
    others = f"  \n{more} more {'run' if more == 1 else 'runs'} in violation" if more else ""
    st.error(
        f"{message(run.message)}  \n{_when(run)}{others}",
        icon=":material/warning:",
        title="Violation",
    )
    with st.container(horizontal=True):
        _link_to_maps(run)
        st.page_link("triage.py", label="Review flagged predictions", icon=":material/fact_check:")
        st.page_link(
            "monitor.py",
            label="Open the run",
            icon=":material/notifications_active:",
            query_params=link_to(run),
        )


def _when(run: Execution) -> Markdown:
    """When it began, and over how many predictions."""
    predictions = f", {run.figures.total:,} predictions" if run.figures else ""
    return f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC{predictions}"


def show_leader(found: WindowFigures, threshold: float) -> None:
    """The most predicted class, red above the threshold."""
    if not found.counts:
        st.metric(
            "Most predicted class",
            "not computed",
            "no readable prediction",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )
        return
    top_class, top_share = next(iter(found.shares().items()))
    # The share is what fits at any width in large type; names are long.
    st.metric(
        "Most predicted class",
        f"{top_share:.1%}",
        class_name(top_class),
        delta_color="red" if top_share > threshold else "off",
        delta_arrow="off",
        border=True,
    )


def _link_to_maps(execution: Execution) -> None:
    """From each class of its violations to the heat maps of those predictions."""
    for class_id in current().monitoring.classes_in_question(execution):
        if class_id < len(all_labels()):
            st.page_link(
                "explain.py",
                label=f"Why {class_name(class_id)}? See the heat maps",
                icon=":material/visibility:",
                query_params=to_violation(execution, class_id),
            )
