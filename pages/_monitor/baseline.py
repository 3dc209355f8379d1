"""The baseline in force beside the live window; making, importing and choosing one."""

import streamlit as st

from core.errors import SignwatchError
from core.plots import base
from core.records.analysts import Permission
from core.records.baselines import BaselineFiles, StoredBaseline
from core.records.plain_text import Markdown, message, plain, short, visible
from core.services import InForce
from pages._monitor import constraints
from pages._shared import fields, parts, user
from pages._shared.user import current

CHOSEN = "baseline_in_force"  # the widget
STATISTICS, CONSTRAINTS = "statistics.json", "constraints.json"


def show() -> None:
    """A box of its own; without a baseline it says what one is for and how to make it."""
    with st.container(border=True):
        head = st.container(horizontal=True, vertical_alignment="center")
        found = problem = None
        try:
            found = current().monitoring.baselines.in_force()
        except SignwatchError as error:
            problem = str(error)
        with head:
            st.markdown(_headline(found, problem), width="stretch")
            with st.popover("Create a baseline", icon=":material/add_chart:"):
                _make()
            with st.popover("Files", icon=":material/folder_open:"):
                _files(found)
        if problem:
            st.error(message(problem), icon=":material/error:")
        every = current().monitoring.baselines.all()
        if len(every) > 1:
            _choose(every)
        if found:
            constraints.show(found)
            _beside_the_window(found)


def _headline(found: InForce | None, problem: str | None) -> Markdown:
    if found:
        stored = found.stored
        return (
            f"**Baseline:** {stored.predictions:,} predictions from {plain(short(stored.origin))}, "
            f"made {stored.created_at:%Y-%m-%d %H:%M} UTC"
        )
    if problem:
        return "**Baseline:** the one in force cannot be used"
    return (
        "**No baseline yet.** Only two rules are active. Create a baseline from known-good "
        "traffic to enable the rest."
    )


def _make() -> None:
    minutes = st.number_input(
        "From captures of the last minutes",
        1,
        525_600,
        current().monitoring.settings().window_minutes,
        key="baseline_minutes",
        help="Choose a period of known-good traffic. Known attacks are left out.",
    )
    may = user.control(Permission.BASELINES)
    if st.button("Create and use it", type="primary", key="baseline_make", **may):
        with parts.errors_shown():
            made = current().monitoring.baselines.create(
                current().monitoring.live_window(minutes=minutes)
            )
            _done(f"Baseline of {made.predictions:,} predictions is in force.")
    st.caption("From another period, or from a data set:")
    st.code(
        "python -m core baseline create --since T --until T\n"
        "python -m core baseline create --data PATH",
        language="bash",
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
    with st.expander(f"Classes of the baseline beside the last {minutes} minutes"):
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


def _done(message: str) -> None:
    """Say so, and draw the page with the new baseline."""
    st.toast(plain(message), icon=":material/check_circle:")
    st.rerun()
