"""The attacked picture as traffic, among sample signs."""

import numpy as np
import streamlit as st

from core import samples
from core.images import Picture
from core.services import current
from core.trials import Trial
from core.types import Provenance
from pages import _parts as parts


def show(trial: Trial) -> None:
    """How many requests, how many of them attacked."""
    with st.form("send", border=True):
        st.markdown("**Send as traffic**: watch the monitor notice")
        with st.grid(2, min_column_width=200):
            count = st.number_input("Requests", 1, 5000, 400)
            share = st.slider("Share of adversarial requests, %", 0, 100, 80)
        if st.form_submit_button("Send as traffic", icon=":material/send:"):
            with parts.errors_shown():
                _send(trial, count, round(count * share / 100))


def _send(trial: Trial, count: int, attacked: int) -> None:
    """`count` requests, `attacked` of them the adversarial picture, the rest sample signs."""
    reference = current().keep_reference(Picture.from_pixels(trial.crafted.clean))
    adversarial = Picture.from_pixels(trial.crafted.adversarial)
    made = Provenance("lab", trial.crafted.label, trial.plan.attack, trial.plan.target, reference)
    available = samples.all_samples()
    others = [available[(n * 97) % len(available)] for n in range(count - attacked)]
    traffic = [(adversarial, made)] * attacked
    traffic += [(other.picture(), Provenance("lab", other.class_id)) for other in others]
    order = np.random.default_rng(0).permutation(len(traffic))
    with parts.progress_bar("Sending requests") as report:
        current().send_traffic([traffic[n] for n in order], report)
    st.success(f"{count} requests sent, {attacked} of them adversarial.", icon=":material/send:")
    st.page_link("overview.py", label="Watch the class frequencies", icon=":material/monitoring:")
