"""Which signs are attacked: samples by class and by image, or dropped files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st
from numpy import uint8
from numpy.typing import NDArray

from core import plots
from core.labels import all_labels, class_name
from core.records.plain_text import plain
from core.services import READABLE, ImageFile, samples
from pages._shared import parts
from pages._shared.user import current

GALLERY = 6  # images in a row
MOST_SHOWN = 24
SIDE = 96
MOST_EACH = 6  # sample signs of a class
ANY_WRONG = -1  # in the widget, for which None means that nothing is chosen


@dataclass(frozen=True)
class Sign:
    """An image, the predicted class, and its true class; of a dropped file the predicted one."""

    image: ImageFile
    label: int
    predicted: int


def choose_one() -> Sign | None:
    """The one that is clicked in the gallery of the dropped files, else of a class's samples."""
    class_id, images = None, drop()
    if images is None:
        class_id = choose_class("Sign", key="attack_class", changed=_show_first)
        images = [sample.image() for sample in samples.of_class(class_id)]
    if not images:
        return None
    shown = images[:MOST_SHOWN]
    number = min(st.session_state.get("attack_number", 0), len(shown) - 1)
    _gallery(
        [image.pixels for image in shown],
        [str(n + 1) for n in range(len(shown))],
        lambda n: st.session_state.update(attack_number=n),
        chosen=number,
        key="attack_take",
    )
    if len(images) > MOST_SHOWN:
        st.caption(f"The first {MOST_SHOWN} of {len(images)}; **Many signs** takes them all.")
    predicted = _predicted(images[number].sha256, images[number])
    return Sign(images[number], predicted if class_id is None else class_id, predicted)


def choose_many() -> tuple[list[ImageFile], list[int] | None]:
    """All dropped files, of unknown classes; else some samples of some classes, and these."""
    dropped = drop()
    if dropped is not None:
        st.caption(f"{len(dropped)} images; each counts as its predicted class.")
        return dropped, None
    classes = st.multiselect(
        "Classes",
        _ids(),
        format_func=class_name,
        placeholder="All classes",
        key="attack_classes",
        persist_state="page",
    )
    count = st.slider(
        "Images of each class", 1, MOST_EACH, key="attack_count", persist_state="page"
    )
    chosen = [sample for k in classes or _ids() for sample in samples.of_class(k)[:count]]
    return [sample.image() for sample in chosen], [sample.class_id for sample in chosen]


def drop() -> list[ImageFile] | None:
    """The dropped files that can be read; None without any file. Says which cannot."""
    with st.expander("Use your own images", icon=":material/upload:"):
        files = st.file_uploader(
            "Drop images of signs",
            type=parts.UPLOAD_TYPES,
            accept_multiple_files=True,
            key="attack_upload",
            help=f"{READABLE}. The sign and little else. "
            "Remove the files to go back to the sample signs.",
        )
    if not files:
        return None
    read = [parts.read_upload(file.name, file.getvalue()) for file in files]
    return [image for image in read if image is not None]


def choose_class(
    label: str, *, key: str, any_wrong: bool = False, changed: Callable[[], None] = lambda: None
) -> int | None:
    """A class by name, or by the image of its sign; None: any wrong class, where offered."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", wrap=False):
        class_id = st.selectbox(
            plain(label),
            [ANY_WRONG, *_ids()] if any_wrong else _ids(),
            key=key,
            on_change=changed,
            persist_state="page",
            format_func=_name,
        )
        by_image = st.popover(
            "",
            icon=":material/grid_view:",
            help="Choose by image",
            key=f"{key}_by_image",
            on_change="rerun",
        )
    ids = [k for k in _ids() if samples.of_class(k)]

    def take(n: int) -> None:
        st.session_state.update({key: ids[n], f"{key}_by_image": False})
        changed()

    if by_image.open:
        with by_image:
            _gallery(
                [sample_of(k) for k in ids],
                [str(k) for k in ids],
                take,
                chosen=None,
                key=f"{key}_take",
            )
    return None if class_id == ANY_WRONG else class_id


@st.cache_data(show_spinner=False)
def sample_of(class_id: int) -> NDArray[uint8]:
    """The first sample sign of a class, small."""
    return plots.resized(samples.of_class(class_id)[0].image().pixels, SIDE)


def _gallery(
    images: Sequence[NDArray[uint8]],
    names: Sequence[str],
    take: Callable[[int], None],
    *,
    chosen: int | None,
    key: str,
) -> None:
    """Small images, each with a button that takes it."""
    with st.grid(GALLERY, min_column_width=40, gap="xsmall", key=key) as grid:
        for number, pixels in enumerate(images):
            with grid.cell(), st.container(gap="xxsmall"):
                st.image(plots.resized(pixels, SIDE), width="stretch", alt=names[number])
                st.button(
                    plain(names[number]),
                    key=f"{key}_{number}",
                    on_click=take,
                    args=(number,),
                    type="primary" if number == chosen else "secondary",
                    width="stretch",
                )


def _name(class_id: int) -> str:
    return "Any wrong class" if class_id == ANY_WRONG else class_name(class_id)


def _show_first() -> None:
    st.session_state["attack_number"] = 0


def _ids() -> list[int]:
    return [each.class_id for each in all_labels()]


@st.cache_data(max_entries=2_000, show_spinner=False)
def _predicted(sha256: str, _image: ImageFile) -> int:
    return current().model.predict([_image.pixels])[0].class_id
