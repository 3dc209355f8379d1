"""Threshold, window, run now; schedules; baseline; executions with what every rule said."""

import streamlit as st

from core.records.monitoring import MonitorSettings
from core.services import current
from pages._monitor import alerts, backtest, baseline, drift, drill, schedules
from pages._monitor import execution as _monitor_execution
from pages._shared import parts

signwatch = current()


settings = signwatch.monitor_settings()
with st.form("settings", border=True), st.container(horizontal=True, vertical_alignment="bottom"):
    percent = st.number_input(
        "Threshold, % of the window",
        0.1,
        100.0,
        settings.threshold * 100,
        step=1.0,
        help="A class predicted more often than this is a violation.",
    )
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
            _monitor_execution.show_end(done)

schedules.show()
baseline.show()
drift.show()
backtest.show()
alerts.show()
drill.show()

executions = signwatch.log.executions(50)
if not executions:
    st.info(
        "Press **Run now**, or wait for a schedule.",
        icon=":material/schedule:",
        title="No execution yet",
    )
    st.stop()

by_id = {execution.execution_id: execution for execution in executions}
if (asked := st.query_params.get("execution")) in by_id:
    st.session_state.setdefault("execution_id", asked)  # the link of an alert
st.subheader("Execution", anchor=_monitor_execution.ANCHOR)
chosen = st.selectbox(
    "Execution",
    list(by_id),
    key="execution_id",
    label_visibility="collapsed",
    format_func=lambda key: f"{by_id[key].started_at:%Y-%m-%d %H:%M:%S} UTC · {by_id[key].message}",
)
_monitor_execution.show(by_id[chosen])
with st.expander(f"All executions ({len(executions)} latest)"):
    st.dataframe(
        [
            {
                "started": e.started_at,
                "status": e.status.value,
                "message": e.message,
                "predictions": e.figures.total if e.figures else None,
                "threshold": e.threshold,
                "trigger": e.trigger.value,
                "schedule": e.schedule,
                "due": e.due_at,
            }
            for e in executions
        ],
        column_config={
            "started": st.column_config.DatetimeColumn("started (UTC)", timezone="UTC"),
            "due": st.column_config.DatetimeColumn("due (UTC)", timezone="UTC"),
            "threshold": st.column_config.NumberColumn(format="percent"),
        },
        hide_index=True,
        alt="Executions",
    )
