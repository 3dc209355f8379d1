"""Tensors on record: what the network computed on a request, under SageMaker Debugger's names."""

import streamlit as st

from core.services import current
from pages._shared import parts
from pages._tensors import detail, link
from pages._tensors import record as _tensor_record

recorded = current().tensors


def recorded_by_itself() -> tuple[str, str]:
    """Which requests are recorded without anybody asking: in a word, and in full."""
    words, full = [], []
    if recorded.flagged:
        words.append("flagged")
        full.append("Flagged requests (SIGNWATCH_TENSORS_FLAGGED).")
    if recorded.save_config:
        words.append("by number")
        full.append(f"SIGNWATCH_TENSORS_SAVE is `{recorded.save_config}`.")
    off = "SIGNWATCH_TENSORS_FLAGGED and SIGNWATCH_TENSORS_SAVE turn it on."
    return " + ".join(words) or "off", " ".join(full) or off


def tell_how_to_record() -> None:
    """The empty page says what to do next."""
    st.info(
        "Open a capture and press *Tensors* to record it, or let requests be recorded by "
        "themselves: `SIGNWATCH_TENSORS_FLAGGED=yes` for flagged ones, "
        "`SIGNWATCH_TENSORS_SAVE='save_interval=100'` for every hundredth.",
        icon=":material/data_array:",
        title="No tensors are on record yet",
    )
    st.page_link("captures.py", label="Choose a capture", icon=":material/database:")


def show_totals(count: int) -> None:
    """How much is kept, and whether anything was left out."""
    outcomes = recorded.outcomes()
    words, full = recorded_by_itself()
    lost = outcomes["dropped"] + outcomes["failed"]
    with st.grid(4):
        st.metric(
            "Records",
            f"{count:,} of {recorded.most:,}",
            border=True,
            help="The oldest goes when one more is recorded than the log keeps.",
        )
        st.metric(
            "In the log",
            f"{recorded.size() / 1e6:,.1f} MB",
            border=True,
            help="Compressed, without the parameters, which are kept once for all records.",
        )
        st.metric("Recorded by itself", words, border=True, help=full)
        st.metric(
            "Left out since the start",
            f"{lost:,}",
            border=True,
            help=f"{outcomes['dropped']:,} because too many waited, {outcomes['failed']:,} "
            "failed. Answers to requests never wait for a recording.",
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
    tell_how_to_record()
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
