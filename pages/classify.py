"""Drop one or many images: what is each, how sure is the classifier, does it look suspicious?"""

import streamlit as st

from core.records.analysts import Permission
from core.services import READABLE
from pages._classify import cards
from pages._classify.board import board, uploader
from pages._shared import parts, user

may = user.control(Permission.TRAFFIC)
st.caption("Every image is sent to the endpoint as a request, and captured.")
uploads = st.file_uploader(
    "Drop images of signs, a folder, or a ZIP of them",
    accept_multiple_files=True,
    key=f"uploads_{uploader()}",
    **user.control(
        Permission.TRAFFIC,
        help=f"{READABLE}. Each image should show one sign and little else.",
    ),
)
if st.button("Take eight sample signs instead", icon=":material/collections:", **may):
    board().turn += 1
with parts.errors_shown():
    board().take_uploads(uploads)
    board().take_samples()

if board().answers:
    cards.show(board())
else:
    st.info(
        "Drop images above, a folder or a ZIP of them, or take the sample signs.",
        icon=":material/image_search:",
        title="Nothing to classify yet",
    )
