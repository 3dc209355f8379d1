"""Threshold, window, run now; executions with their violations and counts."""

import json

import streamlit as st

from core import figures
from core.labels import class_name
from core.sagemaker import constraint_violations
from core.services import current
from core.types import Execution, ExecutionStatus, MonitorSettings
from pages import _monitor_alerts
from pages import _parts as parts

signwatch = current()


def show_execution(execution: Execution) -> None:
    """One execution in full: message, chart, counts, violations."""
    shown = {
        ExecutionStatus.COMPLETED: st.success,
        ExecutionStatus.COMPLETED_WITH_VIOLATIONS: st.error,
        ExecutionStatus.FAILED: st.warning,
    }[execution.status]
    shown(execution.message)
    st.caption(
        f"Window {execution.window.start:%Y-%m-%d %H:%M:%S} to {execution.window.end:%H:%M:%S} UTC"
        f" · threshold {execution.threshold:.0%} · {execution.trigger} · "
        f"took {(execution.ended_at - execution.started_at).total_seconds() * 1000:.0f} ms"
    )
    found = execution.figures
    if found.total == 0:
        return
    with st.grid(4):
        st.metric("Predictions", f"{found.total:,}", border=True,
                  help=f"{found.unreadable:,} of them unreadable")  # fmt: skip
        st.metric("Mean confidence", parts.computed(found.mean_confidence, ".1%"), border=True)
        st.metric("Low confidence", parts.computed(found.low_confidence, ","), border=True)
        st.metric("Flagged", parts.computed(found.flagged, ","), border=True)
    st.plotly_chart(
        figures.class_frequencies(found, execution.threshold, height=300), key="execution_chart",
        config={"displayModeBar": False}, alt="Share of predictions by class in this execution",
    )  # fmt: skip
    left, right = st.columns(2)
    with left:
        st.markdown("**Counts per class**")
        st.dataframe(
            [{"class": class_name(k), "predictions": found.counts[k], "share": share}
             for k, share in found.shares().items()],
            column_config={"share": st.column_config.ProgressColumn(format="percent")},
            hide_index=True, height=260, alt="Counts per class",
        )  # fmt: skip
    with right:
        st.markdown("**Violations**")
        if execution.violations:
            st.dataframe([vars(violation) for violation in execution.violations],
                         hide_index=True, alt="Violations")  # fmt: skip
        else:
            st.markdown("None.")
        st.download_button(
            "constraint_violations.json",
            json.dumps(constraint_violations(execution.violations), indent=2),
            "constraint_violations.json", "application/json", icon=":material/download:",
        )  # fmt: skip


settings = signwatch.monitor_settings()
with st.form("settings", border=True), st.container(horizontal=True, vertical_alignment="bottom"):
    percent = st.number_input(
        "Threshold, % of the window", 0.1, 100.0, settings.threshold * 100, step=1.0,
        help="A class predicted more often than this is a violation.",
    )  # fmt: skip
    minutes = st.number_input("Window, minutes", 1, 10_080, settings.window_minutes)
    if st.form_submit_button("Save", icon=":material/save:"):
        with parts.errors_shown():
            signwatch.set_monitor_settings(MonitorSettings(percent / 100, minutes))
            st.toast("Saved; the next execution uses it.", icon=":material/save:")

with st.container(horizontal=True, vertical_alignment="center"):
    if st.button("Run now", type="primary", icon=":material/play_arrow:"):
        with parts.errors_shown():
            done = signwatch.run_monitor()
            st.session_state["execution_id"] = done.execution_id
    if signwatch.schedule:
        st.caption(f"Runs by itself every full hour; next at "
                   f"{signwatch.schedule.next_run_at():%H:%M} UTC.")  # fmt: skip

_monitor_alerts.show()

executions = signwatch.log.executions(50)
if not executions:
    st.info("Press **Run now**, or wait for the full hour.", icon=":material/schedule:",
            title="No execution yet")  # fmt: skip
    st.stop()

by_id = {execution.execution_id: execution for execution in executions}
if (asked := st.query_params.get("execution")) in by_id:
    st.session_state.setdefault("execution_id", asked)  # the link of an alert
chosen = st.selectbox(
    "Execution", list(by_id), key="execution_id",
    format_func=lambda key: f"{by_id[key].started_at:%Y-%m-%d %H:%M:%S} "
    f"UTC · {by_id[key].message}",
)  # fmt: skip
show_execution(by_id[chosen])
with st.expander(f"All executions ({len(executions)} latest)"):
    st.dataframe(
        [{"started": e.started_at, "status": e.status.value, "message": e.message,
          "predictions": e.figures.total, "threshold": e.threshold, "trigger": e.trigger.value}
         for e in executions],
        column_config={"threshold": st.column_config.NumberColumn(format="percent")},
        hide_index=True, alt="Executions",
    )  # fmt: skip
