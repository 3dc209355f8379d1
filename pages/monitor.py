"""Threshold, window, run now; schedules; baseline; runs with the outcome of every rule."""

import streamlit as st

from core.records.monitoring import MonitorSettings
from core.services import current
from pages._monitor import alerts, backtest, baseline, drift, drill, execution, schedules
from pages._shared import parts

monitoring = current().monitoring
settings = monitoring.settings()
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
    if st.form_submit_button("Save", icon=":material/save:", key="settings_save"):
        with parts.errors_shown():
            monitoring.set_settings(MonitorSettings(percent / 100, minutes))
            st.toast("Saved. The next run uses it.", icon=":material/save:")

with st.container(horizontal=True, vertical_alignment="center"):
    if st.button("Run now", type="primary", icon=":material/play_arrow:"):
        with parts.errors_shown():
            done = monitoring.run()
            st.session_state["execution_id"] = done.execution_id
            execution.show_end(done)

schedules.show()
baseline.show()
drift.show()
backtest.show()
alerts.show()
drill.show()

executions = monitoring.executions(50)
if not executions:
    st.info(
        "Press **Run now**, or wait for a schedule.",
        icon=":material/schedule:",
        title="No run yet",
    )
    st.stop()

by_id = {each.execution_id: each for each in executions}
if (asked := st.query_params.get("execution")) in by_id:
    st.session_state.setdefault("execution_id", asked)  # the link of an alert
st.subheader("Run", anchor=execution.ANCHOR)
chosen = st.selectbox(
    "Run",
    list(by_id),
    key="execution_id",
    label_visibility="collapsed",
    format_func=lambda key: f"{by_id[key].started_at:%Y-%m-%d %H:%M:%S} UTC · {by_id[key].message}",
)
execution.show(by_id[chosen])
with st.expander(f"All runs ({len(executions)} latest)"):
    execution.show_all(executions)
