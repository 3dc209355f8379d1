"""The images of the Explain page: a capture and its clean one, the lab's, or one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import streamlit as st
from numpy import uint8
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from core.errors import NotFound, SignwatchError
from core.labels import all_labels, class_name
from core.records.captures import Capture
from core.records.plain_text import message, plain, short
from pages._explain.link import settle
from pages._shared import parts
from pages._shared.job import ATTACKS
from pages._shared.user import current

NAMES = {"capture": "Capture", "lab": "Latest attack", "own": "Images of my own"}
MAP_SIDES = ("Adversarial", "Clean")


@dataclass(frozen=True, eq=False)
class Images:
    """One image or two, under their titles; label: the true class, None: not known; facts: what
    a report says about them.
    """

    shown: Mapping[str, NDArray[uint8]]
    label: int | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def choose(row: DeltaGenerator) -> Images | None:
    """From a capture (deep link), from the attack lab, or dropped and chosen on the page.

    row: where the choice among these stands.
    """
    sources: dict[str, Callable[[], Images | None]] = {"own": _own}
    if "one" in ATTACKS.results():
        sources = {"lab": _latest_attack} | sources
    if capture_id := st.session_state.get("explain_capture"):
        sources = {"capture": lambda: _captured(capture_id)} | sources
    if st.session_state.get("explain_source") == "lab" and "lab" not in sources:
        st.info(
            "The attack's result is gone: a reload or another attack ended it. Attack again.",
            icon=":material/bolt:",
        )
    settle("source", list(sources))
    if len(sources) > 1:
        with row:
            st.segmented_control(
                "Images",
                list(sources),
                format_func=NAMES.get,
                key="explain_source",
                required=True,
                persist_state="page",
            )
    return sources[st.session_state["explain_source"]]()


def _captured(capture_id: str) -> Images:
    """The captured image, and its clean one where the sender named it."""
    capture = current().captures.one(capture_id).capture
    _show_facts(capture)
    pixels = current().captures.image(capture.image_sha256).pixels
    label = capture.provenance.label
    label = label if any(label == each.class_id for each in all_labels()) else None
    facts = {
        "Capture": capture.capture_id,
        "Captured at": f"{capture.inferred_at:%Y-%m-%d %H:%M:%S} UTC",
    }
    clean = _clean(capture)
    if clean is not None:
        return Images(dict(zip(MAP_SIDES, (pixels, clean), strict=True)), label, facts)
    if st.toggle("Compare with an image of my own", key="explain_compare"):
        other, _ = parts.choose_image("explain_right", class_id=label or 1)
        if other is not None:
            return Images({"This image": pixels, "Compared with": other.pixels}, label, facts)
    else:
        st.caption("No clean image is known for this one.")
    return Images({"Image": pixels}, label, facts)


def _clean(capture: Capture) -> NDArray[uint8] | None:
    if not capture.provenance.clean_sha256:
        return None
    try:
        return current().captures.image(capture.provenance.clean_sha256).pixels
    except NotFound:
        st.info(
            "The sender named a clean image that the log does not hold.",
            icon=":material/hide_image:",
        )
    except SignwatchError as error:
        st.info(
            f"The clean image that the sender named cannot be read: {message(str(error))}.",
            icon=":material/broken_image:",
        )
    return None


def _show_facts(capture: Capture) -> None:
    """Which capture this is, and the ways to the rest of it."""
    provenance = capture.provenance
    by = ""
    if provenance.attack:
        aim = "" if provenance.target is None else f", aimed at {class_name(provenance.target)}"
        by = f" · made by {plain(short(provenance.attack))}{aim}"
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.caption(
            f"Capture {plain(capture.capture_id)} · "
            f"{capture.inferred_at:%Y-%m-%d %H:%M:%S} UTC{by}",
            width="content",
        )
        query = {"capture": capture.capture_id}
        st.page_link(
            "captures.py", label="All about it", icon=":material/database:", query_params=query
        )
        if capture.class_id is not None:
            st.page_link(
                "triage.py",
                label="Give a verdict",
                icon=":material/fact_check:",
                query_params=query,
            )
    serving = current().model.sha256
    if capture.model_sha256 and capture.model_sha256 != serving:
        answered = (
            "answered" if capture.class_id is None else f"predicted {class_name(capture.class_id)}"
        )
        st.info(
            f"Another model {answered} when this was captured (weights "
            f"{plain(capture.model_sha256[:12])}). Prediction and maps on this page are those of "
            f"the model that serves now ({plain(serving[:12])}).",
            icon=":material/history:",
        )


def _latest_attack() -> Images:
    result = ATTACKS.results()["one"][0]
    shown = dict(zip(MAP_SIDES, (result.adversarial, result.clean), strict=True))
    return Images(shown, result.label, {"Images": "latest attack of the lab"})


def _own() -> Images | None:
    columns = st.columns(2, gap="large")
    with columns[0]:
        image, label = parts.choose_image("explain_left", class_id=14)
    with columns[1]:
        other, _ = parts.choose_image("explain_right", class_id=1)
    if image is None:
        return None
    if other is None:
        return Images({"Image": image.pixels}, label)
    return Images({"Left": image.pixels, "Right": other.pixels}, label)
