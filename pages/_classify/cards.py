"""The answers on the page: one sentence, what was not read, a card for each image."""

from __future__ import annotations

import streamlit as st

from core.labels import class_name
from core.records.plain_text import Markdown, message, plain, short
from pages._attack.link import AttackLink
from pages._captures.view import MAX_IDS
from pages._classify.board import Board, Classified, Refused, clear
from pages._shared import parts

MOST_LISTED = 20  # files that were not read


def show(board: Board) -> None:
    """All of it."""
    classified, refused = board.classified, board.refused
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(summary(board), width="content")
        captures = [each.capture_id for each in classified if each.capture_id]
        if captures:
            few = len(captures) <= MAX_IDS
            st.page_link(
                "captures.py",
                label="See them in Captures" if few else f"See {MAX_IDS} of them in Captures",
                icon=":material/database:",
                query_params={"ids": ",".join(captures[:MAX_IDS])},
            )
        st.button("Clear", icon=":material/clear_all:", on_click=clear, type="tertiary")
    if refused:
        _show_refused(refused)
    grid = st.grid("auto", min_column_width=136, gap="xsmall", border=True)
    for each in classified:
        with grid.cell():
            _show_card(each)


def summary(board: Board) -> Markdown:
    """`24 images: 3 flagged, 2 unreadable`."""
    count, unreadable = len(board.answers), len(board.refused)
    flagged = sum(each.prediction.suspicion.flagged for each in board.classified)
    text = (
        f"**{count:,} image{'s' * (count != 1)}**: {f'{flagged:,}' if flagged else 'none'} flagged"
    )
    return text + (f", {unreadable:,} unreadable" if unreadable else "")


def _show_refused(refused: list[Refused]) -> None:
    lines = [
        f"- **{plain(short(each.name))}**: {message(each.reason)}" for each in refused[:MOST_LISTED]
    ]
    if len(refused) > MOST_LISTED:
        lines.append(f"- and {len(refused) - MOST_LISTED:,} more")
    st.error("\n".join(lines), icon=":material/broken_image:", title="Not classified")


@st.fragment
def _show_card(shown: Classified) -> None:
    prediction = shown.prediction
    with st.container(gap="xsmall"):
        parts.show_image(shown.pixels, shown.name)
        st.markdown(
            f"**{class_name(prediction.class_id)}** · {prediction.confidence:.1%} confident"
        )
        if prediction.suspicion.flagged:
            st.badge("Flagged", icon=":material/flag:", color="red")
            st.caption(f"Why: {message(prediction.suspicion.reasons[0])}.")
        details = st.popover(
            "Details",
            type="tertiary",
            key=f"classify_details_{shown.key}",
            on_change="rerun",
        )
    if details.open:
        with details:
            _show_details(shown)


def _show_details(shown: Classified) -> None:
    """Top three, suspicion, and the ways on."""
    parts.show_prediction(shown.prediction, key=f"classify_top_{shown.key}")
    p_value = shown.prediction.suspicion.p_value
    st.caption(f"p-value of the suspicion: {parts.computed(p_value, '.4f')}")
    with st.container(horizontal=True):
        if shown.capture_id:
            query = {"capture": shown.capture_id}
            st.page_link(
                "captures.py", label="Capture", icon=":material/database:", query_params=query
            )
            st.page_link(
                "explain.py", label="Explain", icon=":material/visibility:", query_params=query
            )
        if shown.sample:
            class_id, number = shown.sample
            st.page_link(
                "attack.py",
                label="Attack",
                icon=":material/bolt:",
                query_params=AttackLink(
                    class_id=class_id,
                    image=number + 1,
                    target=None if class_id == AttackLink.target else AttackLink.target,
                ).write(),
            )
