"""Downloads of captures: the selected rows at once, all that match when asked for."""

import io
from collections.abc import Iterable

import streamlit as st

from core.records.captures import Capture
from core.records.plain_text import Markdown
from core.records.queries import CaptureFilter
from core.records.verdicts import TriageItem
from pages._shared import parts
from pages._shared.user import current

MAX_DOWNLOAD = 10_000
FILE_NAME = "signwatch-captures.zip"


def show(chosen: CaptureFilter, total: int, selected: list[TriageItem]) -> None:
    """A popover with both. The large one is made on request, with progress, and kept until the
    filter changes.
    """
    with st.popover("Download", icon=":material/download:"):
        st.caption(
            "A ZIP of the images and captures.jsonl, one captured request a line as "
            "SageMaker writes it."
        )
        if selected:
            st.download_button(
                f"Selected ({len(selected):,} captures)",
                lambda: _zip(item.capture for item in selected)[0],
                FILE_NAME,
                "application/zip",
                on_click="ignore",
                key="download_selected",
                width="stretch",
            )
        else:
            st.caption("Select rows of the table to download only those.")
        _show_everything(chosen, total)


def _show_everything(chosen: CaptureFilter, total: int) -> None:
    made = st.session_state.get("captures_zip")
    if made and made[0] != chosen:
        del st.session_state["captures_zip"]
        made = None
    count = min(total, MAX_DOWNLOAD)
    if made is None and st.button(
        f"Prepare: {_all_of(count, total)}", width="stretch", key="prepare_zip"
    ):
        with parts.progress_bar("Packing") as report, parts.errors_shown():
            # Not `count`: what was committed since it was counted would push the oldest out.
            items = current().captures.newest(chosen, limit=MAX_DOWNLOAD)
            content, packed = _zip(
                (item.capture for item in items), lambda done: report(done, count, "captures")
            )
            made = st.session_state["captures_zip"] = chosen, content, packed
    if made:
        _, content, packed = made
        st.download_button(
            f"{_all_of(packed, total)} ({len(content) / 1e6:,.1f} MB)",
            content,
            FILE_NAME,
            "application/zip",
            on_click="ignore",
            key="download_all",
            type="primary",
            width="stretch",
        )
    if total > MAX_DOWNLOAD:
        st.caption(
            f"At most {MAX_DOWNLOAD:,} at once: narrow the filter, or use "
            "`python -m core captures export`."
        )


def _all_of(count: int, total: int) -> Markdown:
    """How many of them it holds, in words."""
    return f"All {count:,} captures" if total <= MAX_DOWNLOAD else f"The newest {count:,} captures"


def _zip(captures: Iterable[Capture], progress=lambda done: None) -> tuple[bytes, int]:
    """The file, and how many captures are in it."""
    buffer = io.BytesIO()
    packed = current().captures.write_zip(buffer, captures, progress)
    return buffer.getvalue(), packed
