"""One run in full."""

from collections.abc import Sequence

import streamlit as st

from core.errors import SignwatchError
from core.labels import class_name
from core.plots import base
from core.records.drills import mark_of
from core.records.monitoring import Execution, ExecutionStatus, WindowFigures
from core.records.plain_text import Markdown, message, plain, table_field, visible
from core.records.window import MOMENT
from pages._monitor import log, quality, rules
from pages._shared import fields, parts
from pages._shared.user import current
from pages._triage.view import to_window_of

CHOSEN = "execution_id"  # the widget


def link_to(execution: Execution) -> dict[str, str]:
    """The address of the Monitor page that shows that run."""
    return {"execution": execution.execution_id}


def show_from_now_on(execution: Execution) -> None:
    """Let the page show that run; before the choice is drawn."""
    st.session_state[CHOSEN] = execution.execution_id


def choose(latest: Sequence[Execution]) -> Execution:
    """The run that is asked for, however many came after it; the latest where none is."""
    by_id = {each.execution_id: each for each in latest}
    asked = st.session_state.get(CHOSEN) or st.query_params.get("execution")
    if asked and asked not in by_id:
        try:
            by_id[asked] = current().monitoring.execution(asked)
        except SignwatchError as error:
            why = message(str(error))
            st.warning(f"{why}. This is the latest one.", icon=":material/link_off:")
            asked = None
    st.session_state[CHOSEN] = asked or latest[0].execution_id
    texts = fields.distinct(
        {
            name: f"{each.started_at:%Y-%m-%d %H:%M:%S} UTC · {visible(each.message)}"
            for name, each in by_id.items()
        }
    )
    chosen = by_id[
        st.selectbox(
            "Run",
            list(by_id),
            key=CHOSEN,
            label_visibility="collapsed",
            format_func=lambda name: texts.get(name, name),
        )
    ]
    for name, value in link_to(chosen).items():
        shown = st.query_params.get(name)
        if shown != value and (shown or chosen != latest[0]):
            st.query_params[name] = value
    return chosen


def show(execution: Execution) -> None:
    """Message, rules, chart, counts, violations, unreadable records, log."""
    match execution.status:
        case ExecutionStatus.IN_PROGRESS:
            st.info(message(execution.message))
        case ExecutionStatus.COMPLETED:
            st.success(message(execution.message))
        case ExecutionStatus.COMPLETED_WITH_VIOLATIONS:
            st.error(message(execution.message))
        case ExecutionStatus.FAILED:
            st.warning(message(execution.message))
    if drill := mark_of(execution.outcomes):
        st.info(f"{message(drill)}.", icon=":material/emergency_home:")
    st.caption(_facts(execution))
    if execution.figures is not None:
        rules.show(execution)
        if execution.figures.total:
            _figures(execution, execution.figures)
    log.show(execution)


def show_all(executions: Sequence[Execution]) -> None:
    """A table, newest first."""
    st.dataframe(
        [
            {
                "started": each.started_at,
                "status": each.status.value,
                "message": table_field(each.message),
                "predictions": each.figures.total if each.figures else None,
                "threshold": each.threshold,
                "trigger": each.trigger.value,
                "schedule": each.schedule,
                "due": each.due_at,
            }
            for each in executions
        ],
        column_config={
            "started": st.column_config.DatetimeColumn("started (UTC)", timezone="UTC"),
            "due": st.column_config.DatetimeColumn("due (UTC)", timezone="UTC"),
            "threshold": st.column_config.NumberColumn(format="percent"),
        },
        hide_index=True,
        alt="Runs",
    )


def _facts(execution: Execution) -> Markdown:
    """Window, threshold and what started it."""
    window, due = execution.window, execution.due_at
    took = (execution.ended_at - execution.started_at).total_seconds() * 1000
    by = f" by {plain(execution.schedule)}" if execution.schedule else ""
    facts = [
        f"Window {window.start:%Y-%m-%d %H:%M:%S} to "
        f"{window.end:{'%H:%M:%S' if window.end.date() == window.start.date() else MOMENT}} UTC",
        f"endpoint {plain(window.endpoint)}" if window.endpoint else "all endpoints",
        f"threshold {execution.threshold:.0%}",
        f"{plain(execution.trigger)}{by}",
        *([f"due {due:%Y-%m-%d %H:%M:%S} UTC"] if due else []),
        *([f"took {took:.0f} ms"] if execution.status is not ExecutionStatus.IN_PROGRESS else []),
    ]
    return " · ".join(facts)


def _figures(execution: Execution, found: WindowFigures) -> None:
    """What was counted, beside the baseline, and the violations."""
    with st.grid(4):
        st.metric(
            "Predictions",
            f"{found.total:,}",
            border=True,
            help=f"{found.unreadable:,} of them unreadable",
        )
        st.metric("Mean confidence", parts.computed(found.mean_confidence, ".1%"), border=True)
        st.metric("Low confidence", parts.computed(found.low_confidence, ","), border=True)
        st.metric("Flagged", parts.computed(found.flagged, ","), border=True)
    if found.flagged:
        st.page_link(
            "triage.py",
            label="Review this window's flags in triage",
            icon=":material/fact_check:",
            query_params=to_window_of(execution),
        )
    _furthest(execution)
    expected = current().monitoring.baselines.counts(execution.baseline_id)
    st.plotly_chart(
        base.class_frequencies(found, execution.threshold, baseline=expected, height=300),
        key="execution_chart",
        config={"displayModeBar": False},
        alt="Share of predictions by class in this run and in its baseline",
    )
    left, right = st.columns(2)
    with left:
        _counts(found)
    with right:
        _violations(execution)
    quality.show(execution)


def _counts(found: WindowFigures) -> None:
    st.subheader("Counts per class")
    st.dataframe(
        [
            {"class": class_name(k), "predictions": found.counts[k], "share": share}
            for k, share in found.shares().items()
        ],
        column_config={"share": st.column_config.ProgressColumn(format="percent")},
        hide_index=True,
        height=260,
        alt="Counts per class",
    )


def _violations(execution: Execution) -> None:
    """Each in full; a table would cut what it says."""
    st.subheader("Violations")
    if not execution.violations:
        st.markdown("None.")
    for violation in execution.violations:
        st.markdown(
            f"**{plain(violation.feature_name)}** · {plain(violation.constraint_check_type)}  \n"
            f"{message(violation.description)}"
        )


def _furthest(execution: Execution) -> None:
    """The class that the distances from the baseline are about, in words."""
    if found := current().monitoring.furthest_class(execution):
        st.markdown(
            f"Furthest from the baseline: **{class_name(found.class_id)}**, {found.share:.1%} of "
            f"the window and {found.expected:.1%} of the baseline."
        )
