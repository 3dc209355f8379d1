"""Fields that several pages offer: filters and their chips, forms over a value, choices."""

from collections import Counter
from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import streamlit as st

from core.labels import all_labels, class_name
from core.records.plain_text import plain, short
from pages._shared import visits

Key = TypeVar("Key")


def predicted_class(chosen: int | None) -> int | None:
    """A predicted class, or any; a class of the address that the model does not know stays."""
    classes = [None, *(label.class_id for label in all_labels())]
    if chosen not in classes:
        classes.append(chosen)
    return st.selectbox(
        "Predicted class",
        classes,
        index=classes.index(chosen),
        format_func=lambda class_id: "any" if class_id is None else class_name(class_id),
    )


def moments(
    since: datetime | None, until: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """From and before, side by side, in UTC."""
    first, second = st.columns(2)
    with first:
        start = _moment("From (UTC)", since)
    with second:
        return start, _moment("Before (UTC)", until)


def _moment(label: str, given: datetime | None) -> datetime | None:
    chosen = st.datetime_input(
        plain(label),
        value=given and given.replace(tzinfo=None),
        min_value=datetime(1990, 1, 1),
        max_value=datetime(2100, 1, 1),
        format="YYYY-MM-DD",
    )
    return chosen and chosen.replace(tzinfo=UTC)


def chip(text: str, *, key: str) -> bool:
    """A filter that is set; whether it was pressed, to be removed."""
    return st.button(
        plain(short(text)),
        icon=":material/close:",
        icon_position="right",
        key=key,
        help="Remove this filter",
    )


def version(name: str, value: Hashable) -> str:
    """A part of the keys of a form that shows `value`, its buttons included: another value, another
    form.

    What was typed over a value that was changed elsewhere is not saved over it, and says so.
    """
    drawn = f"{name}_drawn"
    visit, known = st.session_state.get(drawn, (0, value))
    st.session_state[drawn] = visits.current(), value
    if visit == visits.current() and known != value:
        st.warning(
            "Changed elsewhere meanwhile. What was typed here is not saved.",
            icon=":material/sync_problem:",
        )
    return f"{name}_{hash(value)}"


def changed_here(name: str) -> None:
    """The value that a form shows was changed by this window."""
    st.session_state.pop(f"{name}_drawn", None)


def distinct(texts: Mapping[Key, str]) -> dict[Key, str]:
    """Texts to choose by: of equal ones, each before the last has a number, counted from the last.

    Streamlit knows what was chosen by its text alone.
    """
    seen: Counter[str] = Counter()
    numbers = {}
    for key in reversed(list(texts)):
        seen[texts[key]] += 1
        numbers[key] = seen[texts[key]]
    return {
        key: text if numbers[key] == 1 else f"{text} ({numbers[key]})"
        for key, text in texts.items()
    }
