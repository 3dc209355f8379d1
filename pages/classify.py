"""Drop one or many files: what is each, how sure is the classifier, does it look suspicious?"""

import streamlit as st

from core.records.analysts import Permission
from core.records.captures import Provenance
from core.records.inference import Answer
from core.services import READABLE, ImageFile, samples
from pages._shared import parts, user
from pages._shared.user import current

answers: dict[str, Answer] = st.session_state.setdefault("classify_answers", {})


def answer_of(file_id: str, image: ImageFile, label: int | None) -> Answer:
    """Each file is one request, however often the page is drawn again."""
    if file_id not in answers:
        provenance = Provenance(source="dashboard", label=label)
        answers[file_id] = current().inference.send(image, provenance)
    return answers[file_id]


def show_card(name: str, file_id: str, image: ImageFile, label: int | None) -> None:
    """Image, prediction, and the way to its explanation."""
    answer = answer_of(file_id, image, label)
    parts.show_image(image.pixels, name, width=220)
    parts.show_prediction(answer.predictions[0], key=f"top_{file_id}")
    if answer.capture_ids[0]:
        st.page_link(
            "explain.py",
            label="Explain",
            icon=":material/visibility:",
            query_params={"capture": answer.capture_ids[0]},
        )


st.caption("Every image is sent to the endpoint as a request, and captured.")
uploads = st.file_uploader(
    "Drop images of signs",
    type=parts.UPLOAD_TYPES,
    accept_multiple_files=True,
    key="uploads",
    **user.control(
        Permission.TRAFFIC,
        help=f"{READABLE}. Each image should show one sign and little else.",
    ),
)
may = user.control(Permission.TRAFFIC)
if st.button("Take eight sample signs instead", icon=":material/collections:", **may):
    st.session_state["classify_samples"] = st.session_state.get("classify_samples", 0) + 1

cards: list[tuple[str, str, ImageFile, int | None]] = []
for upload in uploads:
    image = parts.read_upload(upload.name, upload.getvalue())
    if image is not None:
        cards.append((upload.name, upload.file_id, image, None))
turn = st.session_state.get("classify_samples", 0)
if turn:
    available = samples.all_samples()
    chosen = (
        [available[(turn * 7 + n * 31) % len(available)] for n in range(8)] if available else []
    )
    cards += [(s.name, f"{turn}_{s.name}", s.image(), s.class_id) for s in chosen]

if cards:
    with parts.errors_shown():
        grid = st.grid("auto", min_column_width=250, border=True)
        for name, file_id, image, label in cards:
            with grid.cell():
                show_card(name, file_id, image, label)
else:
    st.info(
        "Drop one or many images above, or take the sample signs.",
        icon=":material/image_search:",
        title="Nothing to classify yet",
    )
