"""What a widget shows that always has one of its options chosen."""

from collections.abc import Sequence
from typing import Any

import streamlit as st


def settle(key: str, options: Sequence[Any]) -> None:
    """Hold the state `key` of a widget to one of its options: the last that was, or the first.

    A browser that is clicked on before it knows what the page has chosen answers that nothing is.
    """
    shown = st.session_state
    settled = f"{key}_settled"
    if shown.get(key) not in options:
        last = shown.get(settled)
        shown[key] = last if last in options else options[0]
    shown[settled] = shown[key]
