"""What is open: the image, what was predicted, why it was flagged, where it came from."""

import streamlit as st

from core.errors import SignwatchError
from core.labels import class_name
from core.records.captures import Capture
from core.records.plain_text import message, plain, short
from core.records.triage import Opened
from pages._shared import parts
from pages._shared.user import current
from pages._triage import keys, state, verdict
from pages._triage.state import Work

IMAGE = 260


def show(opened: Opened) -> None:
    """Image and facts beside the verdict."""
    capture = opened.item.capture
    if capture.class_id is None:
        st.info(
            "No prediction was captured, so there is none to judge.", icon=":material/unpublished:"
        )
        return
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.subheader(
            f"{class_name(capture.class_id)}, {parts.how_sure(capture.confidence)}", anchor=False
        )
        _show_moves(opened)
    _show_state(opened)
    left, right = st.columns([IMAGE, 490], gap="medium")
    with right:  # first: the keys of an image are there before the image is
        verdict.show(opened)
    with left:
        _show_image(capture)
        _show_facts(capture)


def _show_moves(opened: Opened) -> None:
    with st.container(horizontal=True, gap="xsmall", width="content"):
        st.button(
            "Back",
            shortcut=keys.BACK,
            type="tertiary",
            key=f"triage_back_{opened.turn}",
            on_click=state.do,
            args=(Work.back,),
        )
        st.button(
            "Later",
            shortcut=keys.LATER,
            type="tertiary",
            key=f"triage_later_{opened.turn}",
            on_click=state.do,
            args=(Work.later,),
        )


def _show_state(opened: Opened) -> None:
    """Who has it, what was decided, and whether another model predicted it."""
    capture, decision = opened.item.capture, opened.item.decision
    with st.container(horizontal=True, gap="small"):
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


def _show_image(capture: Capture) -> None:
    context = state.work().context()
    try:
        image = (context and context.image) or current().triage.image(capture)
    except SignwatchError as error:
        st.info(f"There is no image: {message(str(error))}.", icon=":material/hide_image:")
        return
    st.image(image, width=IMAGE, alt="the captured image")


def _show_facts(capture: Capture) -> None:
    suspicion, origin = capture.suspicion, capture.provenance
    for reason in suspicion.reasons if suspicion else ():
        st.markdown(f":red[:material/flag:] {message(reason)}")
    if prediction := capture.prediction:
        for class_id, share in prediction.top():
            st.progress(share, text=f"{class_name(class_id)} · {share:.1%}")
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
