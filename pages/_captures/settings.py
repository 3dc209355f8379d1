"""What of an endpoint's traffic is captured: on or off, how many of its requests, which side."""

import streamlit as st

from core.records.analysts import Permission
from core.records.captures import CaptureMode, CaptureSettings
from core.records.names import DEFAULT_ENDPOINT, check_endpoint_name
from core.records.plain_text import plain
from pages._shared import fields, parts, user
from pages._shared.user import current

MODE_NAMES = {
    CaptureMode.INPUT_AND_OUTPUT: "image and answer",
    CaptureMode.INPUT: "image only",
    CaptureMode.OUTPUT: "answer only",
}


def show() -> None:
    """A popover; settings hold from the next request on."""
    with st.popover("Capture settings", icon=":material/tune:"):
        rules = current().captures.rules
        endpoint = st.text_input("Endpoint", DEFAULT_ENDPOINT, key="settings_endpoint")
        in_force = rules.of(endpoint)
        name = f"capture_settings_{endpoint}"
        form = fields.version(name, in_force)
        with st.form(form, border=False):
            enabled = st.toggle("Capture its requests", in_force.enabled, key=f"{form}_enabled")
            sampling = st.number_input(
                "Requests that are captured, %",
                0.0,
                100.0,
                in_force.sampling,
                step=1.0,
                key=f"{form}_sampling",
            )
            mode = st.segmented_control(
                "Kept of each",
                list(MODE_NAMES),
                default=in_force.mode,
                required=True,
                format_func=MODE_NAMES.get,
                key=f"{form}_mode",
            )
            if st.form_submit_button(
                "Save",
                icon=":material/save:",
                key=f"{form}_save",
                **user.control(Permission.CAPTURE),
            ):
                with parts.errors_shown():
                    rules.set(
                        check_endpoint_name(endpoint.strip()),
                        CaptureSettings(enabled, sampling, mode),
                    )
                    fields.changed_here(name)
                    st.toast(f"Saved for {plain(endpoint)}.", icon=":material/save:")
                    st.rerun()
        own = rules.all()
        st.caption(f"Endpoints with their own settings: {plain(', '.join(sorted(own))) or 'none'}.")
