"""One attack result: in a sentence, in images, in figures, step by step."""

import math
from collections.abc import Mapping

import streamlit as st
from numpy import uint8
from numpy.typing import NDArray

from core import plots
from core.plots import attacks
from core.records.attacks import LEVELS, AttackedImage
from core.records.plain_text import Markdown, plain
from pages._shared import choices, parts
from pages._shared.user import current


def show(result: AttackedImage) -> None:
    """All but the verdict, with downloads."""
    difference, factor = plots.magnified_difference(result.clean, result.adversarial)
    images = {"Original": result.clean, "Adversarial": result.adversarial, "Difference": difference}
    with st.grid(3, min_column_width=100):
        for name, pixels in images.items():
            magnified = name == "Difference" and factor > 1
            parts.show_image(pixels, f"{name}, magnified {factor} times" if magnified else name)
    _show_in_place(images)
    with st.grid(2, min_column_width=260):
        for title, prediction in (("Original", result.before), ("Adversarial", result.after)):
            with st.container(gap="xsmall"):
                st.caption(f"{plain(title)}: prediction")
                parts.show_prediction(prediction, key=f"attack_{title.lower()}")
    show_distances(result)
    if result.path is not None and len(result.path) > 1:
        st.markdown(f"**Path**: the confidence after each of {result.steps:d} steps")
        st.plotly_chart(
            attacks.path(result),
            key="attack_path",
            config={"displayModeBar": False},
            alt="Confidence of the true class and of the goal by step",
        )
    _show_downloads(result)


@st.fragment
def _show_in_place(images: Mapping[str, NDArray[uint8]]) -> None:
    """One of these images, large: what is chosen takes the place of the one before."""
    choices.settle("attack_flip", list(images))
    with st.expander("Flip between them", icon=":material/compare:", expanded=True):
        chosen = st.segmented_control(
            "Shown",
            [plain(each) for each in images],
            key="attack_flip",
            required=True,
            label_visibility="collapsed",
        )
        parts.show_plain(images[chosen], f"{chosen}, large", width=384)


def show_verdict(result: AttackedImage) -> None:
    """What happened, in one sentence, and whether an image file keeps it."""
    if result.success:
        st.success(
            result.sentence,
            icon=":material/bolt:",
            title="Misclassified, also after saving as PNG",
        )
    elif result.success_before_rounding:
        st.warning(result.sentence, icon=":material/save:", title="Lost in saving")
    else:
        st.warning(
            f"{result.sentence} Raise the budget or the steps, or try another attack.",
            icon=":material/shield:",
            title="Not fooled",
        )


def survival(result: AttackedImage) -> str:
    """Whether an image file keeps the success, in a few words."""
    if result.success:
        return "survives saving"
    return "lost in saving" if result.success_before_rounding else "not fooled"


def decibel(psnr: float) -> Markdown:
    """PSNR to read; two equal images have none."""
    return f"{psnr:.1f} dB" if math.isfinite(psnr) else "no change"


def show_distances(result: AttackedImage) -> None:
    """How far the image moved."""
    with st.grid(4, min_column_width=110):
        st.metric(
            "Largest change",
            f"{result.linf * LEVELS:.0f}/{LEVELS}",
            help="L-infinity: the colour value that moved furthest.",
        )
        st.metric(
            "L2 distance",
            f"{result.l2:.2f}",
            help="Length of the whole change; colour values from 0 to 1.",
        )
        st.metric(
            "PSNR",
            decibel(result.psnr),
            help="Higher is closer to the original; 30 dB is hard to see.",
        )
        st.metric("Pixels changed", f"{result.changed:.0%}")


def _show_downloads(result: AttackedImage) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Adversarial PNG",
            plots.encode_png(result.adversarial),
            "adversarial.png",
            "image/png",
            icon=":material/download:",
            on_click="ignore",
        )
        if result.success:
            st.download_button(
                "PNG and manifest (ZIP)",
                current().lab.to_zip([result]),
                "attack.zip",
                "application/zip",
                icon=":material/folder_zip:",
                on_click="ignore",
            )
        st.page_link(
            "explain.py",
            label="Why? Compare the heat maps",
            icon=":material/visibility:",
            query_params={"source": "lab"},
        )
