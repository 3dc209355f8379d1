"""The address of the Tensors page: capture or step, names, one tensor."""

import streamlit as st

from core.records.plain_text import plain
from core.records.tensors import TensorRecord


def follow(records: list[TensorRecord]) -> str | None:
    """Set the page's widgets from the address; returns a capture that has no record."""
    address = st.query_params.to_dict()
    state = st.session_state
    if address != state.get("tensor_address") or "tensor_names" not in state:
        state["tensor_address"] = address
        state["tensor_names"] = address.get("names", "")
        state["tensor_name"] = address.get("tensor")
        step = _step(address, records)
        if step is not None:
            state["tensor_step"] = step
    steps = [record.step for record in records]
    shown = state.get("tensor_step")
    if shown not in steps:
        if shown is not None and steps:
            st.warning(
                f"The record of step {plain(str(shown))} was deleted. This is the newest one.",
                icon=":material/delete:",
            )
        state["tensor_step"] = steps[0] if steps else None
    wanted = address.get("capture")
    return wanted if wanted and all(each.capture_id != wanted for each in records) else None


def remember(record: TensorRecord) -> None:
    """Write what the page shows into its address."""
    state = st.session_state
    shown = {
        "step": str(record.step),
        "names": state.get("tensor_names"),
        "tensor": state.get("tensor_name"),
    }
    address = {name: text for name, text in shown.items() if text}
    state["tensor_address"] = address
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)


def show_step(step: int) -> None:
    """Show another step on the next run of the page."""
    st.query_params.from_dict({"step": str(step)})


def _step(address: dict[str, str], records: list[TensorRecord]) -> int | None:
    capture, text = address.get("capture"), address.get("step", "")
    if capture:
        return next((each.step for each in records if each.capture_id == capture), None)
    known = {str(each.step): each.step for each in records}
    if text and text not in known:
        st.warning(
            f"The log has no record of step {plain(repr(text))}. This is the newest one.",
            icon=":material/link_off:",
        )
    return known.get(text)
