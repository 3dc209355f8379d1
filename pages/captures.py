"""Every captured request: filter, page through, look at one, download."""

import json
from datetime import timedelta

import streamlit as st

from core import figures
from core.labels import all_labels, class_name
from core.sagemaker import captured_request
from core.services import current
from core.types import CaptureFilter, TriageItem, Window, now
from pages import _parts as parts

signwatch = current()
PAGE = 25
PERIODS = {
    "last hour": timedelta(hours=1), "last day": timedelta(days=1),
    "last 30 days": timedelta(days=30), "all": timedelta(days=36_500),
}  # fmt: skip


def chosen_filter() -> CaptureFilter:
    """The widgets of the filter row.

    What arrives later stays out until it is asked for: no row moves while a person selects one.
    """
    opened = "captures_period" not in st.session_state
    with st.container(horizontal=True, vertical_alignment="bottom"):
        period = st.selectbox("Time", list(PERIODS), index=1, key="captures_period")
        class_id = st.selectbox(
            "Predicted class", [None, *(label.class_id for label in all_labels())],
            format_func=lambda k: "any" if k is None else class_name(k), key="captures_class",
        )  # fmt: skip
        flagged = st.selectbox(
            "Flagged", [None, True, False], key="captures_flagged",
            format_func={None: "any", True: "flagged", False: "not flagged"}.get,
        )  # fmt: skip
        source = st.text_input("Source", placeholder="any", key="captures_source")
        confidence = st.slider("Confidence at most, %", 0, 100, 100, key="captures_confidence")
        again = st.button("Newest", icon=":material/refresh:", help="List what came meanwhile, too")
    wanted = (period, class_id, flagged, source, confidence)
    if opened or again or st.session_state["captures_listed"][0] != wanted:
        st.session_state["captures_listed"] = wanted, now()
    until = st.session_state["captures_listed"][1]
    return CaptureFilter(
        window=Window(until - PERIODS[period], until), class_id=class_id, flagged=flagged,
        source=source.strip() or None,
        max_confidence=confidence / 100 if confidence < 100 else None,
    )  # fmt: skip


def table_row(item: TriageItem, thumbnail: str) -> dict[str, object]:
    """What the table shows of one capture."""
    capture = item.capture
    return {
        "picture": thumbnail,
        "time (UTC)": capture.inferred_at,
        "predicted class": class_name(capture.class_id),
        "confidence": capture.confidence,
        "flagged": capture.flagged,
        "verdict": item.decision.verdict.value if item.decision else None,
        "source": capture.provenance.source,
        "endpoint": capture.endpoint,
        "capture id": capture.capture_id,
    }


def show_detail(item: TriageItem) -> None:
    """One capture: picture, prediction, downloads, the way to its explanation."""
    capture = item.capture
    image = signwatch.stored_image(capture.image_sha256)
    left, right = st.columns([1, 2], gap="large")
    with left:
        parts.show_picture(signwatch.picture(capture.image_sha256).pixels,
                           f"{image.width} x {image.height} pixels", width=240)  # fmt: skip
    with right:
        parts.show_prediction(capture.prediction, key="capture_top")
        st.caption(f"Capture {capture.capture_id} · event {capture.event_id}"
                   + (f" · inference id {capture.inference_id}" if capture.inference_id else "")
                   + f" · {capture.custom_attributes or 'no custom attributes'}")  # fmt: skip
        with st.container(horizontal=True):
            st.download_button("Picture", image.content, f"{capture.capture_id}.png",
                               image.media_type, icon=":material/download:")  # fmt: skip
            st.download_button(
                "Captured request (JSON Lines)",
                json.dumps(captured_request(capture, image)) + "\n",
                f"{capture.capture_id}.jsonl", "application/jsonl", icon=":material/data_object:",
            )  # fmt: skip
            st.page_link("explain.py", label="Explain", icon=":material/visibility:",
                         query_params={"capture": capture.capture_id})  # fmt: skip


chosen = chosen_filter()
total = signwatch.log.count(chosen)
if total == 0:
    st.info("No capture matches. Widen the filter, or send pictures on the Classify page.",
            icon=":material/database:", title="Nothing to show")  # fmt: skip
    st.stop()

pages = -(-total // PAGE)
number = st.number_input(f"Page (of {pages:,}; {total:,} captures)", 1, pages, 1, width=260)
items = signwatch.log.find(chosen, limit=PAGE, offset=(number - 1) * PAGE)
images = signwatch.log.images([item.capture.image_sha256 for item in items])
thumbnails = {sha256: figures.thumbnail(signwatch.picture(sha256).pixels) for sha256 in images}
table = st.dataframe(
    [table_row(item, thumbnails[item.capture.image_sha256]) for item in items],
    column_config={
        "picture": st.column_config.ImageColumn(width="small"),
        "time (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss"),
        "confidence": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
    },
    hide_index=True, selection_mode="single-row", on_select="rerun",
    key=f"captures_table_{hash((chosen, number))}",  # another list has no row selected
    row_height=48, alt="Captured requests",
)  # fmt: skip
if table.selection.rows:
    show_detail(items[table.selection.rows[0]])
else:
    st.caption("Select a row to see the picture and download it.")
