"""What is open: what was predicted, why it was flagged, the image, where it came from."""

import streamlit as st

from core.labels import class_name
from core.records.captures import Capture
from core.records.plain_text import message, plain, short
from core.records.triage import ItemContext, Opened
from pages._shared import parts
from pages._shared.user import current
from pages._triage import cockpit, keys, state, verdict
from pages._triage.state import Work

MOVES = (
    ("Undo", keys.UNDO, Work.undo),
    ("Back", keys.BACK, Work.back),
    ("Later", keys.LATER, Work.later),
)
ROW, REASONS = 40, 66  # pixels: whatever stands in them, nothing below moves


def show(opened: Opened, context: ItemContext | None) -> None:
    """Image and heat maps over the verdict."""
    capture = opened.item.capture
    if capture.class_id is None:
        st.info(
            "No prediction was captured, so there is none to judge.", icon=":material/unpublished:"
        )
        return
    with st.container(gap="xsmall"):
        st.subheader(class_name(capture.class_id), anchor=False)
        show_moves(opened)
        _show_reasons(capture)
        cockpit.show(opened, context)
        verdict.show(opened)


def show_moves(opened: Opened | None) -> None:
    """Undo, and where there is something open, how far it is, and the ways from it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        with st.container(height=ROW, border=False, key="triage_state"):
            if opened:
                _show_state(opened)
        with st.container(horizontal=True, gap="xsmall", width="content", wrap=False):
            for label, key, act in MOVES if opened else MOVES[:1]:
                st.button(
                    label,
                    shortcut=key,
                    type="tertiary",
                    key=f"triage_{label.lower()}_{opened.turn if opened else 0}",
                    on_click=state.do,
                    args=(act,),
                    disabled=act is Work.undo and not state.work().session.can_undo,
                )


def _show_state(opened: Opened) -> None:
    """How sure it is, who has it, what was decided, whether another model predicted it."""
    capture, decision = opened.item.capture, opened.item.decision
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(parts.how_sure(capture.confidence), width="content")
        if decision:
            right = decision.true_class
            text = decision.verdict.words + ("" if right is None else f", {class_name(right)}")
            st.badge(
                f"Done: {text} ({plain(short(decision.analyst))})",
                icon=":material/check:",
                color="green",
            )
        elif opened.elsewhere:
            other = opened.elsewhere
            who = other.holder.analyst
            if who == state.work().session.holder.analyst:
                who = "another window of yours" if who != "local" else "another window"
            st.badge(
                f"In work: {plain(short(who))}, until {other.until:%H:%M} UTC",
                icon=":material/group:",
                color="orange",
            )
        elif opened.until:
            st.badge(
                f"In work here until {opened.until:%H:%M} UTC", icon=":material/edit:", color="blue"
            )
        if not capture.flagged:
            st.badge("Not flagged", icon=":material/flag:", color="gray")
        if current().triage.by_another_model(capture):
            st.badge(
                "Another model predicted this",
                icon=":material/published_with_changes:",
                color="orange",
                help="The model was replaced since. Heat maps and their predictions are from the "
                "model that serves now.",
            )


def _show_reasons(capture: Capture) -> None:
    """Why it was flagged."""
    reasons = capture.suspicion.reasons if capture.suspicion else ()
    with st.container(height=REASONS, border=False, gap=None, key="triage_reasons"):
        if reasons:
            flagged = " · ".join(message(reason) for reason in reasons)
            st.caption(f":red[:material/flag:] {flagged}")


def show_facts(opened: Opened, context: ItemContext | None) -> None:
    """What stands below the verdict: the keys, the likeliest classes, where the image came from."""
    capture = opened.item.capture
    if capture.class_id is None:
        return
    suspicion, origin = capture.suspicion, capture.provenance
    verdict.show_more(opened)
    cockpit.show_problems(opened, context)
    if prediction := capture.prediction:
        for column, (class_id, share) in zip(st.columns(3), prediction.top(), strict=False):
            column.progress(share, text=f"{class_name(class_id)} · {share:.1%}")
    made = ""
    if origin.attack:
        aim = "" if origin.target is None else f", aimed at {class_name(origin.target)}"
        made = f"  \nAccording to its sender: made by {plain(short(origin.attack))}{aim}."
    st.caption(
        f"{capture.inferred_at:%Y-%m-%d %H:%M:%S} UTC  \n"
        f"endpoint {plain(capture.endpoint)} · source "
        f"{plain(short(origin.source or 'not given'))} · "
        f"p-value {parts.computed(suspicion and suspicion.p_value, '.4f')}{made}"
    )
