"""The frame around every page: title, theme, navigation."""

from pathlib import Path

import streamlit as st

from pages._shared import user, visits

DATA = Path(__file__).parent.parent / "data"
# An icon of Streamlit's own set would come from a font host.
st.set_page_config(page_icon=str(DATA / "icon.svg"), layout="wide")
st.logo(DATA / "logo.svg", size="large")
user.require()

page = st.navigation(
    {
        "Watch": [
            st.Page(
                "overview.py",
                title="Overview",
                icon=":material/monitoring:",
                default=True,
                help="Live class frequencies against the threshold, state, latest violation.",
            ),
            st.Page(
                "monitor.py",
                title="Monitor",
                icon=":material/notifications_active:",
                help="Threshold and window, run now, past runs with violations and counts.",
            ),
            st.Page(
                "captures.py",
                title="Captures",
                icon=":material/database:",
                help="Every captured request: filter, view, download.",
            ),
        ],
        "Investigate": [
            st.Page(
                "triage.py",
                title="Triage",
                icon=":material/fact_check:",
                help="Flagged predictions: review, give a verdict, export.",
            ),
            st.Page(
                "explain.py",
                title="Explain",
                icon=":material/visibility:",
                help="FullGrad heat maps of an adversarial and a clean image side by side.",
            ),
            st.Page(
                "tensors.py",
                title="Tensors",
                icon=":material/data_array:",
                help="Activations, parameters and gradients of recorded requests.",
            ),
        ],
        "Try out": [
            st.Page(
                "classify.py",
                title="Classify",
                icon=":material/image_search:",
                help="Drop images of signs and see the predictions.",
            ),
            st.Page(
                "attack.py",
                title="Attack",
                icon=":material/bolt:",
                help="Change a sign so that it is misclassified, and send it as traffic.",
            ),
            st.Page(
                "model.py",
                title="Model",
                icon=":material/network_intelligence:",
                help="The classifier that serves: its recipe and measured figures.",
            ),
        ],
    }
)
st.set_page_config(page_title=f"{page.title} - Signwatch")
user.show()
visits.begin(page.title)
st.title(page.title)
page.run()
