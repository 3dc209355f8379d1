"""What a run is judged by: threshold, window, and the constraints of the baseline in force."""

import streamlit as st

from core.errors import SignwatchError
from core.records.analysts import Permission
from core.records.monitoring import MonitorSettings
from core.records.plain_text import message
from pages._monitor import baseline, constraints
from pages._shared import fields, parts, user
from pages._shared.user import current


def show() -> None:
    """The settings, then the constraints; without a baseline, the way to one."""
    st.subheader("Threshold and window")
    _settings()
    st.subheader("Constraints")
    try:
        found = current().monitoring.baselines.in_force()
    except SignwatchError as error:
        st.error(message(str(error)), icon=":material/error:")
        return
    if found is None:
        st.markdown(baseline.NONE_YET)
        baseline.button_to_make_one("rules_to_baseline")
        return
    constraints.show(found)


def _settings() -> None:
    """Of every run that has none of its own."""
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
