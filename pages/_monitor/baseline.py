"""The baseline in force beside the live window; importing and choosing one."""

import streamlit as st

from core.errors import SignwatchError
from core.plots import base
from core.records.analysts import Permission
from core.records.baselines import BaselineFiles, StoredBaseline
from core.records.plain_text import Markdown, message, plain, short, visible
from core.services import InForce
from pages._monitor import baseline_create, tabs
from pages._shared import fields, parts, user
from pages._shared.user import current

CHOSEN = "baseline_in_force"  # the widget
STATISTICS, CONSTRAINTS = "statistics.json", "constraints.json"
NONE_YET = (
    "No baseline yet. Only two rules are active. Create a baseline from known-good traffic to "
    "enable the rest."
)


def show() -> None:
    """Which one is in force, how to make another, its files, and how it compares with now."""
    baselines = current().monitoring.baselines
    found = problem = None
    try:
        found = baselines.in_force()
    except SignwatchError as error:
        problem = str(error)
    st.subheader("Baseline in force")
    if problem:
        st.error(message(problem), icon=":material/error:")
    else:
        st.markdown(_headline(found.stored) if found else NONE_YET)
    every = baselines.all()
    if len(every) > 1:
        _choose(every)
    if found:
        _beside_the_window(found)
    made_over = baselines.in_force_id()  # closed once another one is in force
    with st.expander(
        "Create a baseline",
        icon=":material/add_chart:",
        expanded=found is None,
        key=f"baseline_create_{made_over}",
    ):
        baseline_create.show()
    with st.expander("Files", icon=":material/folder_open:", key=f"baseline_files_{made_over}"):
        _files(found)


def button_to_make_one(key: str) -> None:
    """The way to this tab from another."""
    if st.button("Create a baseline", icon=":material/add_chart:", key=key):
        tabs.go_to(tabs.BASELINE)


def _headline(stored: StoredBaseline) -> Markdown:
    return (
        f"{stored.predictions:,} predictions from {plain(short(stored.origin))}, "
        f"made {stored.created_at:%Y-%m-%d %H:%M} UTC"
    )


def _files(found: InForce | None) -> None:
    if found:
        files = current().monitoring.baselines.files(found.stored.baseline_id)
        for name, content in ((STATISTICS, files.statistics), (CONSTRAINTS, files.constraints)):
            st.download_button(
                plain(name),
                content,
                name,
                "application/json",
                icon=":material/download:",
                key=f"download_{name}",
            )
    uploads = st.file_uploader(
        f"Use {STATISTICS} and {CONSTRAINTS} of Model Monitor",
        type=["json"],
        accept_multiple_files=True,
        key="baseline_files",
        **user.control(Permission.BASELINES),
    )
    texts = {each.name: each.getvalue().decode("utf-8", "surrogateescape") for each in uploads}
    ready = texts.keys() == {STATISTICS, CONSTRAINTS}
    if uploads and not ready:
        st.caption(f"Drop both files: {STATISTICS} and {CONSTRAINTS}.")
    may = user.control(Permission.BASELINES, disabled=not ready)
    if st.button("Use these files", key="baseline_import", **may):
        with parts.errors_shown():
            files = BaselineFiles(texts[STATISTICS], texts[CONSTRAINTS])
            made = current().monitoring.baselines.add(files, origin="imported files")
            _done(f"Baseline of {made.predictions:,} predictions is in force.")


def _choose(every: list[StoredBaseline]) -> None:
    texts = fields.distinct(
        {
            each.baseline_id: f"{each.created_at:%Y-%m-%d %H:%M:%S} UTC · "
            f"{each.predictions:,} predictions from {visible(each.origin)}"
            for each in every
        }
    )
    st.session_state[CHOSEN] = current().monitoring.baselines.in_force_id()
    st.selectbox(
        "Baseline in force",
        list(texts),
        key=CHOSEN,
        on_change=_put_in_force,
        format_func=lambda key: texts.get(key, key),
        **user.control(Permission.BASELINES),
    )


def _put_in_force() -> None:
    with parts.errors_shown():
        current().monitoring.baselines.choose(st.session_state[CHOSEN])
        st.toast("This baseline is in force.", icon=":material/check_circle:")


def _beside_the_window(found: InForce) -> None:
    window = current().monitoring.live_window()
    minutes = round((window.end - window.start).total_seconds() / 60)
    st.plotly_chart(
        base.class_frequencies(
            current().monitoring.figures(window),
            current().monitoring.settings().threshold,
            baseline=found.baseline.counts,
            height=280,
        ),
        key="baseline_chart",
        config={"displayModeBar": False},
        alt="Share of predictions by class, in the baseline and in the live window",
    )
    st.caption(f"Classes of the baseline (wide) beside the last {minutes} minutes (narrow).")


def _done(message: str) -> None:
    """Say so, and draw the page with the new baseline."""
    st.toast(plain(message), icon=":material/check_circle:")
    st.rerun()
