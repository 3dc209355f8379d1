"""What is open: the image, what was predicted, why it was flagged, where it came from."""

import streamlit as st

from core.errors import SignwatchError
from core.labels import class_name
from core.records.captures import Capture
from core.services import current
from core.triage import Opened, shown
from pages._shared import parts
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
        _show_ways(opened)
    _show_state(opened)
    left, right = st.columns([IMAGE, 490], gap="medium")
    with right:  # first, so that whoever sees the image finds its keys there, and not the last's
        may = state.work().sitting.analyst.may_decide
        verdict.show(opened, may_decide=may)
    with left:
        _show_image(capture)
        _show_facts(capture)


def _show_ways(opened: Opened) -> None:
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
            right = decision.right_class
            text = f"{decision.verdict}" + ("" if right is None else f", {class_name(right)}")
            st.badge(f"Done: {text} ({decision.analyst})", icon=":material/check:", color="green")
        elif opened.elsewhere:
            other = opened.elsewhere
            who = other.seat.analyst
            if who == state.work().sitting.seat.analyst:
                who = "another window of yours" if who != "local" else "another window"
            st.badge(
                f"In work: {who}, until {other.until:%H:%M} UTC",
                icon=":material/group:",
                color="orange",
            )
        elif opened.until:
            st.badge(
                f"In work here until {opened.until:%H:%M} UTC", icon=":material/edit:", color="blue"
            )
        if not capture.flagged:
            st.badge("Not flagged", icon=":material/flag:", color="gray")
        if _replaced(capture):
            st.badge(
                "Another model predicted this",
                icon=":material/published_with_changes:",
                color="orange",
                help="The model was replaced since. Maps, and what is said over them, are of "
                "the one that serves now.",
            )


def _replaced(capture: Capture) -> bool:
    serving = current().model.sha256
    return capture.model_sha256 is not None and capture.model_sha256 != serving


def _show_image(capture: Capture) -> None:
    seen = state.work().closeup()
    try:
        image = seen.image if seen and seen.image else shown(current().image(capture.image_sha256))
    except SignwatchError as error:
        st.info(f"There is no image: {error}.", icon=":material/hide_image:")
        return
    st.image(image, width=IMAGE, alt="the captured image")


def _show_facts(capture: Capture) -> None:
    suspicion, told = capture.suspicion, capture.provenance
    for reason in suspicion.reasons if suspicion else ():
        st.markdown(f":red[:material/flag:] {reason}")
    if prediction := capture.prediction:
        for class_id, share in prediction.top():
            st.progress(share, text=f"{class_name(class_id)} · {share:.1%}")
    made = ""
    if told.attack:
        aim = "" if told.target is None else f", aimed at {class_name(told.target)}"
        made = f"  \nThe sender says: made by {told.attack}{aim}."
    st.caption(
        f"{capture.inferred_at:%Y-%m-%d %H:%M:%S} UTC  \n"
        f"endpoint {capture.endpoint} · source {told.source or 'not said'} · "
        f"p-value {parts.computed(suspicion and suspicion.p_value, '.4f')}{made}"
    )
