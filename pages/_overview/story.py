"""The whole story at a click on an empty log: baseline, clean traffic, attack, alarm."""

import streamlit as st

from core.records.analysts import Permission
from core.services import Job
from pages._shared import user
from pages._shared.job import STORIES
from pages._shared.user import current

ALL = "all"  # the mode of the work


def show() -> None:
    """The button, and what it does."""
    may = user.control(Permission.TRAFFIC, disabled=STORIES.running(ALL))
    if st.button(
        "See it notice an attack",
        type="primary",
        icon=":material/play_arrow:",
        key="overview_story",
        **may,
    ):
        STORIES.keep(ALL, _job())
        st.rerun()
    st.caption(
        "A baseline of the sample signs if there is none, clean signs, a sign attacked with PGD, "
        "and traffic that sends it: then the alarm stands here. All of it is "
        "real work of this dashboard, from source `lab`."
    )


def follow() -> None:
    """How far it is, or where to go on, whatever the page shows by now."""
    STORIES.collect()
    if STORIES.running(ALL):
        STORIES.show()
    elif sent := STORIES.results().get(ALL):
        st.success(
            f"{sent.sent:d} requests went out, {sent.attacked:d} of them adversarial. The alarm "
            "follows within seconds.",
            icon=":material/check:",
        )
        st.page_link("triage.py", label="Give the first verdict", icon=":material/fact_check:")


def _job() -> Job:
    demonstration = current().demonstration
    with_baseline = not user.control(Permission.BASELINES)["disabled"]

    def work(progress, cancelled):
        return demonstration.run(progress, cancelled, with_baseline=with_baseline)

    return Job("See it notice an attack", work)
