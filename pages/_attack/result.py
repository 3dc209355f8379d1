"""One attack result: in a sentence, in images, in figures, step by step."""

import math

import streamlit as st

from core import plots
from core.plots import attacks
from core.records.attacks import LEVELS, AttackedImage
from core.records.plain_text import Markdown, plain
from pages._shared import parts
from pages._shared.user import current


def show(result: AttackedImage) -> None:
    """The whole result, with downloads."""
    show_verdict(result)
    difference, factor = plots.magnified_difference(result.clean, result.adversarial)
    with st.grid(3, min_column_width=100):
        parts.show_image(result.clean, "Original")
        parts.show_image(result.adversarial, "Adversarial")
        parts.show_image(difference, f"Difference, magnified {factor} times")
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
