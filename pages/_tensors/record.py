"""One record: its facts, FullGrad from it beside the live map, recording on demand."""

import streamlit as st

from core.errors import SignwatchError
from core.labels import class_name
from core.plots import common_scale, enlarged, overlay
from core.records.analysts import Permission
from core.records.captures import Capture
from core.records.plain_text import message, plain
from core.records.tensors import TensorRecord
from pages._shared import parts, user
from pages._shared.user import current
from pages._tensors import link

PREDICTED = "the predicted class"


def in_words(record: TensorRecord) -> str:
    """One line for the list of records."""
    passed = record.passed
    aimed = "" if passed.class_id == passed.predicted_id else f" for {class_name(passed.class_id)}"
    return (
        f"Step {record.step} · {record.captured_at:%d %b %H:%M:%S} · "
        f"predicted as {class_name(passed.predicted_id)}{aimed} · {record.why}"
    )


def offer(capture_id: str) -> None:
    """A capture without a record: its image, and a button to record it."""
    with parts.errors_shown():
        capture = current().captures.one(capture_id).capture
        pixels = current().captures.image(capture.image_sha256).pixels
        columns = st.columns([1, 3], gap="large", vertical_alignment="center")
        with columns[0]:
            parts.show_image(pixels, "as captured", width=200)
        with columns[1]:
            st.markdown("**This capture has no recorded tensors.**")
            st.caption(
                "Run its stored image through the network again to keep inputs, activations, "
                "parameters and gradients with the capture."
            )
            record_again(capture, "Record this capture")


def record_again(capture: Capture, label: str) -> None:
    """Choose a class and run the stored image again."""
    ids = [None, *range(len(current().model.manifest.labels))]
    class_id = st.selectbox(
        "Gradients of the logit of",
        ids,
        key="tensor_class",
        format_func=lambda each: PREDICTED if each is None else class_name(each),
    )
    may = user.control(Permission.TENSORS)
    icon = ":material/radio_button_checked:"
    if st.button(plain(label), icon=icon, type="primary", key="tensor_go", **may):
        with parts.errors_shown(), st.spinner("Running the image again"):
            record = current().tensors.record(capture.capture_id, class_id)
            link.show_step(record.step)
            st.rerun()


def show(record: TensorRecord) -> None:
    """Image and maps on the left, facts and actions on the right."""
    try:
        capture = current().captures.one(record.capture_id).capture
    except SignwatchError as error:
        st.warning(message(str(error)), icon=":material/delete:")
        return
    _compare_weights(record, capture)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _show_maps(record, capture)
    with right:
        _show_facts(record)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                "Record (.npz)",
                lambda: current().tensors.to_npz(record),
                f"tensors-step-{record.step}.npz",
                "application/octet-stream",
                icon=":material/download:",
                on_click="ignore",
                key="tensor_npz",
            )
            with st.popover("Record again", icon=":material/replay:"):
                st.caption("With the weights that serve now, for any class.")
                record_again(capture, "Record")
            st.page_link(
                "captures.py",
                label="Capture",
                icon=":material/database:",
                query_params={"capture": record.capture_id},
            )


def _compare_weights(record: TensorRecord, capture: Capture) -> None:
    """Warn if the weights that answered, were recorded and serve now differ."""
    if capture.model_sha256 not in (None, record.model_sha256):
        st.warning(
            "The recorded weights are not those that answered this request. The model was replaced "
            "in between.",
            icon=":material/history:",
        )
    elif record.model_sha256 != current().model.sha256:
        st.info(
            "These weights no longer serve, so there is no live map to compare with.",
            icon=":material/history:",
        )


def _show_maps(record: TensorRecord, capture: Capture) -> None:
    with parts.errors_shown():
        maps = current().tensors.maps(record, capture.image_sha256)
        scale = common_scale([maps.recorded.map])
        image, *columns = st.columns(3)
        image.image(enlarged(maps.pixels), caption="Image", alt="The captured image")
        sources = {"from the record": maps.recorded, "live": maps.live}
        for column, (name, each) in zip(columns, sources.items(), strict=True):
            if each is not None:
                column.image(
                    overlay(maps.pixels, each.map, largest=scale),
                    caption=f"FullGrad {plain(name)}",
                    alt=f"FullGrad map {name}",
                )
        if maps.difference is not None:
            compared = (
                f"differ by at most {maps.difference:.1e} of the range"
                if maps.difference
                else "are equal"
            )
            st.caption(
                f"The map from the record and the live one {compared}. "
                f"Completeness residual of the record {maps.recorded.residual:.1e} (0 is exact)."
            )


def _show_facts(record: TensorRecord) -> None:
    passed = record.passed
    st.table(
        {
            "Prediction": class_name(passed.predicted_id),
            "Gradients of": f"{class_name(passed.class_id)}, logit {passed.logit:.3f}, "
            f"{passed.probability:.1%}",
            "Why": plain(record.why),
            "Step": f"{record.step:d} of the log, {record.mode_step:d} of mode "
            f"{plain(record.mode)}",
            "Recorded (UTC)": f"{record.recorded_at:%Y-%m-%d %H:%M:%S}",
            "Size in the log": f"{record.size / 1e6:.2f} MB, compressed",
            "Weights SHA-256": plain(record.model_sha256[:12]),
        }
    )
