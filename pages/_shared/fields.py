"""Fields of filters that several pages offer, and the chips of filters that are set."""

from datetime import UTC, datetime

import streamlit as st

from core.labels import all_labels, class_name


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
        label,
        value=given and given.replace(tzinfo=None),
        min_value=datetime(1990, 1, 1),
        max_value=datetime(2100, 1, 1),
        format="YYYY-MM-DD",
    )
    return chosen and chosen.replace(tzinfo=UTC)


def chip(text: str, *, key: str) -> bool:
    """A filter that is set; whether it was pressed, to be removed."""
    return st.button(
        text, icon=":material/close:", icon_position="right", key=key, help="Remove this filter"
    )
