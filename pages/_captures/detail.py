"""One capture in full: image, prediction, verdicts, where it came from, payload, downloads."""

import json

import streamlit as st

from core.errors import NotFound
from core.labels import class_name
from core.records.captures import Capture, StoredImage
from core.records.plain_text import plain, visible
from core.records.verdicts import TriageItem
from pages._shared import parts
from pages._shared.user import current

NO_IMAGE = "No image was captured: only the answer was kept, or imported."
LONGEST_PAYLOAD = 20_000  # characters that are shown of it; the download has all


def show(item: TriageItem) -> None:
    """Everything that is known of one capture."""
    capture = item.capture
    image = _image(capture)
    left, right = st.columns([1, 2], gap="large")
    with left:
        if image:
            pixels = current().captures.image(image.sha256).pixels
            caption = f"{image.width} x {image.height} pixels, {len(image.content):,} bytes"
            parts.show_image(pixels, caption, width=240)
        else:
            st.info(NO_IMAGE, icon=":material/hide_image:")
    with right:
        _show_prediction(capture)
        _show_ways(item, image)
    tabs = st.tabs(["Where it came from", "Verdicts", "Payload as captured"])
    with tabs[0]:
        _show_copyable(capture)
        st.table({plain(name): plain(value) for name, value in _facts(capture).items()})
    with tabs[1]:
        _show_verdicts(capture)
    with tabs[2]:
        _show_payload(_record(capture, image))


def _image(capture: Capture) -> StoredImage | None:
    try:
        return current().captures.stored_image(capture.image_sha256)
    except NotFound:
        return None


def _record(capture: Capture, image: StoredImage | None) -> dict[str, object]:
    return current().captures.record(capture, image)


def _show_prediction(capture: Capture) -> None:
    if prediction := capture.prediction:
        parts.show_prediction(prediction, key="capture_top")
    elif capture.class_id is not None:
        st.markdown(f"**{class_name(capture.class_id)}** · {parts.how_sure(capture.confidence)}")
        st.caption("Suspicion not computed: another program made this prediction.")
    else:
        st.markdown("**No prediction was captured**")
        st.caption("Only the request was kept, or imported.")


def _show_ways(item: TriageItem, image: StoredImage | None) -> None:
    """Downloads, and links to the pages that take a capture."""
    capture = item.capture
    with st.container(horizontal=True):
        if image:
            st.download_button(
                "Image",
                image.content,
                f"{capture.capture_id}.{image.suffix}",
                image.media_type,
                icon=":material/download:",
                on_click="ignore",
            )
        st.download_button(
            "Captured request (JSON Lines)",
            json.dumps(_record(capture, image)) + "\n",
            f"{capture.capture_id}.jsonl",
            "application/jsonl",
            icon=":material/data_object:",
            on_click="ignore",
        )
    with st.container(horizontal=True):
        query = {"capture": capture.capture_id}
        if image:
            st.page_link(
                "explain.py", label="Explain", icon=":material/visibility:", query_params=query
            )
            st.page_link(
                "tensors.py", label="Tensors", icon=":material/data_array:", query_params=query
            )
        if capture.class_id is not None:
            st.page_link(
                "triage.py",
                label="Give a verdict",
                icon=":material/fact_check:",
                query_params=query,
            )


def _show_copyable(capture: Capture) -> None:
    """What is long, and looked for elsewhere: whole, each with a button that copies it."""
    origin = capture.provenance
    values = {
        "Capture id": capture.capture_id,
        "Event id": capture.event_id,
        "Inference id": capture.inference_id,
        "Source": origin.source,
        "Image SHA-256": capture.image_sha256,
        "Clean image SHA-256": origin.clean_sha256,
        "Model SHA-256": capture.model_sha256,
    }
    with st.grid(2, min_column_width=380, gap="xsmall") as grid:
        for name, value in values.items():
            if value:
                with grid.cell(), st.container(gap=None):
                    st.caption(name)
                    st.code(visible(value), language=None, wrap_lines=True)


def _facts(capture: Capture) -> dict[str, str]:
    """What is known of it, in words; what is not known is left out."""
    origin = capture.provenance
    facts = {
        "Time (UTC)": f"{capture.inferred_at:%Y-%m-%d %H:%M:%S.%f}",
        "Endpoint, variant": f"{capture.endpoint}, {capture.variant}",
        "Image of its request": f"{capture.position + 1}",
        "Custom attributes": "; ".join(capture.custom_attributes),
        "True class, by its sender": None if origin.label is None else class_name(origin.label),
        "Made by": origin.attack,
        "Aimed at": None if origin.target is None else class_name(origin.target),
        "Content types": " → ".join(
            kind for kind in (capture.input_content_type, capture.output_content_type) if kind
        ),
    }
    return {name: value for name, value in facts.items() if value}


def _show_verdicts(capture: Capture) -> None:
    """All statements on it, the latest first."""
    statements = current().triage.trail(capture.capture_id)[::-1]
    if not statements:
        st.caption("No verdict yet.")
        return
    parts.show_statements(statements)


def _show_payload(record: dict[str, object]) -> None:
    text = json.dumps(record, indent=2)
    if len(text) > LONGEST_PAYLOAD:
        st.caption(
            f"The first {LONGEST_PAYLOAD:,} of {len(text):,} characters; "
            "the download has all of them."
        )
    st.code(text[:LONGEST_PAYLOAD], language="json", height=320)
