"""The tensors of a record as a table, and one of them in full."""

import numpy as np
import streamlit as st

from core.plots import tensors
from core.records.plain_text import plain
from core.records.tensors import COLLECTIONS, TensorFacts, TensorRecord
from pages._shared.user import current

PLOT = {"displayModeBar": False}


def choose(record: TensorRecord) -> str | None:
    """Filter the names by expression and collection; returns the chosen tensor."""
    columns = st.columns([2, 3], gap="medium", vertical_alignment="bottom")
    with columns[0]:
        regex = st.text_input(
            "Names (regular expression)",
            key="tensor_names",
            placeholder="layer1.*bn|fc_output",
            icon=":material/filter_alt:",
            help="Matches anywhere in the name, RE2 syntax.",
        )
    with columns[1]:
        collection = st.pills(
            "Collection", list(COLLECTIONS), default="all", key="tensor_collection", required=True
        )
    facts = current().tensors.facts(record.step, regex=regex or None, collection=collection)
    if not facts:
        st.info("No tensor of this record has such a name.", icon=":material/filter_alt_off:")
        return None
    _show_table(facts)
    listed = [each.name for each in facts]
    if st.session_state.get("tensor_name") not in listed:
        st.session_state["tensor_name"] = listed[0]
    return st.selectbox("Tensor", listed, key="tensor_name")


def _show_table(facts: list[TensorFacts]) -> None:
    """One row for each tensor; a click on it opens the tensor."""
    names = [each.name for each in facts]

    def open_row() -> None:
        rows = st.session_state["tensor_table"]["selection"]["rows"]
        if rows and rows[0] < len(names):
            st.session_state["tensor_name"] = names[rows[0]]

    st.dataframe(
        [
            {
                "name": each.name,
                "shape": " x ".join(map(str, each.shape)) or "scalar",
                "type": each.dtype,
                "minimum": each.minimum,
                "mean": each.mean,
                "maximum": each.maximum,
                "std": each.std,
                "zeros": 100 * each.zeros,
                "size": each.size / 1000,
            }
            for each in facts
        ],
        key="tensor_table",
        hide_index=True,
        height=320,
        on_select=open_row,
        selection_mode="single-row",
        column_config={
            "name": st.column_config.TextColumn(f"Name ({len(facts)})", pinned=True),
            "shape": "Shape",
            "type": st.column_config.TextColumn("Type", width="small"),
            **{
                name: st.column_config.NumberColumn(title, format="%.4g", width="small")
                for name, title in {
                    "minimum": "Min",
                    "mean": "Mean",
                    "maximum": "Max",
                    "std": "Std",
                }.items()
            },
            "zeros": st.column_config.NumberColumn(
                "Zeros", format="%.1f %%", width="small", help="Share of values that are exactly 0"
            ),
            "size": st.column_config.NumberColumn(
                "Size", format="%.1f kB", width="small", help="Uncompressed"
            ),
        },
    )


def show(record: TensorRecord, name: str) -> None:
    """One tensor: channels as images, a histogram, its course over the steps."""
    array = current().tensors.values(record.step, name)
    st.subheader(plain(name))
    _warn_of_infinite(array)
    left, right = st.columns([3, 2], gap="large")
    channels = tensors.as_channels(array)
    with left:
        if channels is None:
            st.markdown("**Values**")
            st.plotly_chart(
                tensors.values(array),
                key="tensor_values",
                config=PLOT,
                alt=f"The values of {name}",
            )
        else:
            first = _choose_channels(len(channels))
            st.plotly_chart(
                tensors.channel_grid(channels, first=first),
                key="tensor_channels",
                config=PLOT,
                alt=f"Channels of {name} as images on one colour scale",
            )
    with right:
        st.markdown("**Distribution of values**")
        st.plotly_chart(
            tensors.histogram(array),
            key="tensor_histogram",
            config=PLOT,
            alt=f"Histogram of {name}",
        )
        history = current().tensors.history(name)
        if len(history) > 1:
            st.markdown("**All steps**")
            st.plotly_chart(
                tensors.over_steps(history, record.step),
                key="tensor_steps",
                config=PLOT,
                alt=f"Mean and range of {name} by step",
            )
        else:
            st.caption("No other step has this tensor.")


def _choose_channels(count: int) -> int:
    """The first channel to show."""
    size = tensors.CHANNELS
    if count <= size:
        st.markdown(f"**{count} channel{'s' if count > 1 else ''}, one colour scale**")
        return 0
    starts = list(range(0, count, size))
    return st.selectbox(
        "Channels, one colour scale",
        starts,
        key="tensor_first",
        width=260,
        format_func=lambda first: f"{first} to {min(first + size, count) - 1} of {count}",
    )


def _warn_of_infinite(array: np.ndarray) -> None:
    infinite = int(np.count_nonzero(~np.isfinite(array)))
    if infinite:
        st.warning(
            f"{infinite:,} of {array.size:,} values are not finite.",
            icon=":material/warning:",
        )
