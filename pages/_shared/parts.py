"""Parts of several pages: choosing an image, predictions, errors, progress."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st
from numpy import uint8
from numpy.typing import NDArray

from core import plots
from core.errors import SignwatchError
from core.labels import all_labels, class_name
from core.plots import base
from core.records.captures import Prediction, StoredImage
from core.records.plain_text import Markdown, message, plain, short, table_field, visible
from core.records.verdicts import Statement
from core.services import READABLE, SUFFIXES, ImageFile, Progress, samples
from pages._shared.user import current

UPLOAD_TYPES = list(SUFFIXES)


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show the project's own errors on the page; other exceptions are defects and pass."""
    try:
        yield
    except SignwatchError as error:
        st.error(message(str(error)), icon=":material/error:")


@contextmanager
def progress_bar(text: str) -> Iterator[Progress]:
    """A progress bar that disappears when the work is done."""
    bar = st.progress(0.0, text=plain(text))

    def report(done: int, total: int, what: str) -> None:
        share = min(1.0, done / total) if total else 1.0
        bar.progress(share, text=f"{plain(text)}: {plain(what)} ({done:d} of {total:d})")

    try:
        yield report
    finally:
        bar.empty()


def read_upload(name: str, data: bytes) -> ImageFile | None:
    """The uploaded image, or None and a message on the page."""
    try:
        return current().inference.read(data)
    except SignwatchError as error:
        st.error(f"**{plain(short(name))}**: {message(str(error))}", icon=":material/broken_image:")
        return None


def choose_image(key: str, *, class_id: int = 1) -> tuple[ImageFile | None, int | None]:
    """An uploaded file or a sample sign: the image, and its true class if known."""
    upload = st.file_uploader(
        "Drop an image of a sign",
        type=UPLOAD_TYPES,
        key=f"{key}_upload",
        help=f"{READABLE}. The image should show the sign and little else.",
    )
    if upload is not None:
        return read_upload(upload.name, upload.getvalue()), None
    chosen = choose_class("or take a sample sign", key=f"{key}_class", class_id=class_id)
    own = samples.of_class(chosen)
    if not own:
        st.info("No sample of this class is installed.")
        return None, None
    number = st.segmented_control(
        "Image",
        range(len(own)),
        default=0,
        key=f"{key}_number",
        required=True,
        format_func=lambda n: f"{n + 1:d}",
    )
    return own[number or 0].image(), chosen


def choose_class(label: str, *, key: str, class_id: int | None) -> int:
    """One of the 43 classes, by id and name."""
    ids = [each.class_id for each in all_labels()]
    index = class_id if class_id in ids else None
    return st.selectbox(plain(label), ids, index=index, format_func=class_name, key=key)


def show_image(pixels: NDArray[uint8], caption: str, *, width: int | str = "stretch") -> None:
    """An image, enlarged or reduced to the width."""
    side = width if isinstance(width, int) else plots.LONGEST_SIDE
    st.image(
        plots.resized(pixels, side),
        caption=plain(short(caption)),
        width=width,
        alt=visible(caption),
    )


def show_plain(pixels: NDArray[uint8], alt: str, *, width: int) -> None:
    """An image without a caption."""
    st.image(plots.resized(pixels, 2 * width), width=width, alt=alt)


@st.cache_data(max_entries=5_000, show_spinner=False)
def thumbnail(sha256: str, _image: StoredImage) -> str:
    """A thumbnail of a stored image; a crossed-out frame if it cannot be read."""
    try:
        return plots.thumbnail(current().inference.read(_image.content).pixels)
    except SignwatchError:
        return plots.no_image()


def computed(value: float | None, form: str) -> Markdown:
    """A figure in a form of `format`, or `not computed`."""
    return "not computed" if value is None else plain(format(value, form))


def yes_no(value: bool) -> str:
    """A fact of a table in a word: Streamlit draws a truth value as a box to check."""
    return "yes" if value else "no"


def show_statements(statements: Sequence[Statement]) -> None:
    """Statements on a capture, in the order given."""
    st.dataframe(
        [
            {
                "time (UTC)": each.stated_at,
                "analyst": table_field(each.analyst),
                "verdict": f"taken back: {each.decision.verdict.words}"
                if each.taken_back
                else each.decision.verdict.words,
                "true class": None
                if each.decision.true_class is None
                else class_name(each.decision.true_class),
                "note": table_field(each.decision.note),
                "counts": yes_no(each.counts),
            }
            for each in statements
        ],
        column_config={"time (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss")},
        hide_index=True,
        placeholder="",
        alt="Verdicts, and those taken back",
    )


def how_sure(confidence: float | None) -> Markdown:
    """The confidence of a prediction, in words."""
    return "confidence not captured" if confidence is None else f"{confidence:.1%} confident"


def show_prediction(prediction: Prediction, *, key: str) -> None:
    """Class, confidence, whether it was flagged and why, top three."""
    st.markdown(f"**{class_name(prediction.class_id)}** · {prediction.confidence:.1%} confident")
    show_suspicion(prediction)
    st.plotly_chart(
        base.top_classes(prediction),
        key=key,
        config={"displayModeBar": False},
        alt="Probabilities of the three most likely classes",
    )


def show_suspicion(prediction: Prediction) -> None:
    """Whether a prediction is flagged, and why."""
    suspicion = prediction.suspicion
    if suspicion.flagged:
        st.badge("Flagged", icon=":material/flag:", color="red")
        for reason in suspicion.reasons:
            st.caption(f"Why: {message(reason)}.")
    elif suspicion.p_value is None:
        st.badge("Passes the trust rule", icon=":material/check:", color="gray")
    else:
        st.badge("Looks ordinary", icon=":material/check:", color="green")
