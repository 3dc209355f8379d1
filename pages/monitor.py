"""Threshold, window, run now; schedules; baseline; runs with the outcome of every rule."""

import streamlit as st

from core.records.analysts import Permission
from core.records.monitoring import MonitorSettings
from pages._monitor import alerts, backtest, baseline, drift, drill, execution, schedules
from pages._shared import fields, parts, user
from pages._shared.user import current

monitoring = current().monitoring
settings = monitoring.settings()
form = fields.version("settings", settings)
with st.form(form, border=True), st.container(horizontal=True, vertical_alignment="bottom"):
    percent = st.number_input(
        "Threshold, % of the window",
        0.1,
        100.0,
        settings.threshold * 100,
        step=1.0,
        key=f"{form}_threshold",
        help="A class predicted more often than this is a violation.",
    )
    minutes = st.number_input(
        "Window, minutes", 1, 10_080, settings.window_minutes, key=f"{form}_minutes"
    )
    if st.form_submit_button(
        "Save", icon=":material/save:", key=f"{form}_save", **user.control(Permission.MONITOR)
    ):
        with parts.errors_shown():
            monitoring.set_settings(MonitorSettings(percent / 100, minutes))
            fields.changed_here("settings")
            st.toast("Saved. The next run uses it.", icon=":material/save:")
            st.rerun()

with st.container(horizontal=True, vertical_alignment="center"):
    if st.button(
        "Run now",
        type="primary",
        icon=":material/play_arrow:",
        **user.control(Permission.RUN_MONITOR),
    ):
        with parts.errors_shown():
            done = monitoring.run()
            execution.show_from_now_on(done)
            execution.show_end(done)

schedules.show()
baseline.show()
drift.show()
backtest.show()
alerts.show()
drill.show()

executions = monitoring.executions(50)
if executions:
    st.subheader("Run", anchor=execution.ANCHOR)
    execution.show(execution.choose(executions))
    with st.expander(f"All runs ({len(executions)} latest)"):
        execution.show_all(executions)
else:
    st.info(
        "Press **Run now**, or wait for a schedule.",
        icon=":material/schedule:",
        title="No run yet",
    )
