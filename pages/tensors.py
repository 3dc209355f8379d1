"""Recorded tensors of requests, under SageMaker Debugger's names."""

import streamlit as st

from core.records.plain_text import plain
from pages._shared import parts
from pages._shared.user import current
from pages._tensors import detail, link
from pages._tensors import record as _tensor_record

recorded = current().tensors


def automatic() -> tuple[str, str]:
    """Which requests are recorded automatically, in a word and in full."""
    words, full = [], []
    if recorded.flagged:
        words.append("flagged")
        full.append("Flagged requests (SIGNWATCH_TENSORS_FLAGGED).")
    if recorded.save_config:
        words.append("by number")
        full.append(f"SIGNWATCH_TENSORS_SAVE is {recorded.save_config}.")
    off = "SIGNWATCH_TENSORS_FLAGGED and SIGNWATCH_TENSORS_SAVE enable it."
    return " + ".join(words) or "off", " ".join(full) or off


def explain_recording() -> None:
    """On the empty page, how to record tensors."""
    st.info(
        "Open a capture and press *Tensors*, or record requests automatically: "
        "`SIGNWATCH_TENSORS_FLAGGED=yes` for flagged ones, "
        "`SIGNWATCH_TENSORS_SAVE='save_interval=100'` for every hundredth.",
        icon=":material/data_array:",
        title="No recorded tensors yet",
    )
    st.page_link("captures.py", label="Choose a capture", icon=":material/database:")


def show_totals(count: int) -> None:
    """How much is kept, and whether requests were left out."""
    outcomes = recorded.outcomes()
    words, full = automatic()
    lost = outcomes["dropped"] + outcomes["failed"]
    with st.grid(4):
        st.metric(
            "Records",
            f"{count:,} of {recorded.most:,}",
            border=True,
            help="SIGNWATCH_TENSORS_RECORDS. The oldest records are deleted.",
        )
        st.metric(
            "In the log",
            f"{recorded.size() / 1e6:,.1f} MB",
            border=True,
            help="Compressed, without parameters, which are stored once for all records.",
        )
        st.metric("Automatic recording", plain(words), border=True, help=plain(full))
        st.metric(
            "Left out since the start",
            f"{lost:,}",
            border=True,
            help=f"{outcomes['dropped']:,} because too many waited, {outcomes['failed']:,} "
            "failed. Requests never wait for a recording.",
        )


st.caption(
    "Inputs, activations, parameters and gradients of recorded requests, under the names of "
    "SageMaker Debugger."
)
records = recorded.records()
missing = link.follow(records)
if missing:
    _tensor_record.offer(missing)
    st.stop()
if not records:
    explain_recording()
    st.stop()

show_totals(len(records))
by_step = {record.step: record for record in records}
step = st.selectbox(
    "Record",
    list(by_step),
    key="tensor_step",
    format_func=lambda number: _tensor_record.in_words(by_step[number]),
)
record = by_step[step]
_tensor_record.show(record)
st.subheader("Tensors")
with parts.errors_shown():
    name = detail.choose(record)
    if name is not None:
        detail.show(record, name)
link.remember(record)
