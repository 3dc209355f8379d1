"""Work through flagged predictions: look, give a verdict and the right class, next."""

import streamlit as st

from core import explain_figures, figures, heat_maps
from core.analysts import LOCAL
from core.desk import Said
from core.errors import NotFound
from core.images import Picture
from core.labels import class_name
from core.services import current
from core.triage import NEEDS_RIGHT_CLASS
from core.types import Capture, CaptureFilter, TriageItem, Verdict
from pages import _parts as parts

signwatch = current()
WAITING = CaptureFilter(flagged=True, decided=False)
QUEUE_LENGTH = 12


def clean_picture(capture: Capture) -> Picture | None:
    """The picture that this one was made of, where its sender named one that the log holds."""
    if not capture.provenance.clean_sha256:
        return None
    try:
        return signwatch.picture(capture.provenance.clean_sha256)
    except NotFound:
        return None


def show_maps(capture: Capture) -> None:
    """Heat maps on one scale: this picture beside its clean one, or alone."""
    try:
        shown = [("This picture", signwatch.picture(capture.image_sha256).pixels)]
    except NotFound as error:
        st.info(f"There is no heat map: {error}.", icon=":material/hide_image:")
        return
    if clean := clean_picture(capture):
        shown.append(("Clean", clean.pixels))
    explanations = signwatch.explain([pixels for _, pixels in shown], [None] * len(shown))
    predictions = signwatch.predictor.predict([pixels for _, pixels in shown])
    largest = heat_maps.common_scale([each.map for each in explanations])
    columns = st.columns(2)
    rows = zip(columns, shown, explanations, predictions, strict=False)
    for column, (title, pixels), explanation, prediction in rows:
        with column:
            st.markdown(f"**{title}**: {class_name(prediction.class_id)} · "
                        f"{prediction.confidence:.1%}")  # fmt: skip
            st.plotly_chart(
                explain_figures.heat_map(pixels, explanation.map, largest=largest),
                key=f"triage_{title}", config={"displayModeBar": False},
                alt=f"FullGrad heat map, {title.lower()}",
            )  # fmt: skip
    if clean is None:
        columns[1].caption("No clean picture is known for this one.")


def thumbnail(capture: Capture) -> str:
    """The captured picture, small; a tile where none was kept."""
    try:
        return figures.thumbnail(signwatch.picture(capture.image_sha256).pixels)
    except NotFound:
        return figures.no_picture()


def show_item(item: TriageItem) -> None:
    """One flagged prediction: why, what it looks like, and the verdict."""
    capture = item.capture
    if capture.class_id is None:
        st.info("No prediction was captured, so there is none to judge.",
                icon=":material/unpublished:")  # fmt: skip
        return
    st.subheader(f"{class_name(capture.class_id)}, {parts.how_sure(capture.confidence)}")
    suspicion = capture.suspicion
    st.caption(
        f"{capture.inferred_at:%Y-%m-%d %H:%M:%S} UTC · endpoint {capture.endpoint} · "
        f"source {capture.provenance.source or 'not said'} · "
        f"p-value {parts.computed(suspicion and suspicion.p_value, '.4f')}"
    )
    for reason in suspicion.reasons if suspicion else ():
        st.badge(reason, icon=":material/flag:", color="red")
    if capture.provenance.attack:
        st.caption(f"The sender says: made by {capture.provenance.attack}.")
    show_maps(capture)
    with st.form(f"verdict_{capture.capture_id}", border=True):
        verdict = st.segmented_control("Verdict", list(Verdict), default=Verdict.ADVERSARIAL,
                                       required=True)  # fmt: skip
        right_class = parts.choose_class(
            f"Right class (for {' and '.join(sorted(NEEDS_RIGHT_CLASS))})",
            key=f"right_{capture.capture_id}", class_id=capture.provenance.label,
        )  # fmt: skip
        note = st.text_input("Note", max_chars=1000)
        if st.form_submit_button("Record verdict", type="primary", icon=":material/gavel:"):
            with parts.errors_shown():
                signwatch.desk.decide([capture], Said(verdict, right_class, note), by=LOCAL)
                st.query_params.pop("capture", None)
                st.rerun()


waiting = signwatch.log.count(WAITING)
decided = signwatch.log.count(CaptureFilter(decided=True))
with st.container(horizontal=True, vertical_alignment="center"):
    st.metric("Waiting", f"{waiting:,}")
    st.metric("Decided", f"{decided:,}")
    if decided:
        st.download_button(
            "Export decided", signwatch.desk.export, "signwatch-triage.zip", "application/zip",
            icon=":material/download:", on_click="ignore",
            help="Pictures in folders by right class, and a manifest; `train --data` reads it.",
        )  # fmt: skip

queue = signwatch.log.find(WAITING, limit=QUEUE_LENGTH, most_suspicious=True)
wanted = st.query_params.get("capture")
if not queue and not wanted:
    st.success("Nothing waits. Flagged predictions appear here.", icon=":material/task_alt:",
               title="The queue is empty")  # fmt: skip
    st.stop()

side, main = st.columns([1, 3], gap="large")
with side:
    st.markdown(f"**Most suspicious first** ({min(waiting, QUEUE_LENGTH)} of {waiting:,})")
    for item in queue:
        row = st.container(horizontal=True, vertical_alignment="center", gap="small")
        row.image(thumbnail(item.capture), width=44, alt="flagged picture")
        if row.button(class_name(item.capture.class_id), type="tertiary",
                      key=f"open_{item.capture.capture_id}"):  # fmt: skip
            st.query_params["capture"] = item.capture.capture_id
            st.rerun()
with main, parts.errors_shown():
    show_item(signwatch.log.capture(wanted) if wanted else queue[0])
