"""What one attack came to: in a sentence, in images, in figures, step by step."""

import math

import streamlit as st

from core import thumbnails
from core.attacks import export
from core.attacks.trials import LEVELS, Trial, in_one_sentence
from core.images import encode_png
from core.plots import attacks
from pages._shared import parts


def show(trial: Trial) -> None:
    """The whole result, with downloads."""
    show_verdict(trial)
    difference, factor = thumbnails.magnified_difference(
        trial.crafted.clean, trial.crafted.adversarial
    )
    with st.grid(3, min_column_width=100):
        parts.show_image(trial.crafted.clean, "Original")
        parts.show_image(trial.crafted.adversarial, "Adversarial")
        parts.show_image(difference, f"Difference, magnified {factor} times")
    with st.grid(2, min_column_width=260):
        for title, prediction in (("Original", trial.before), ("Adversarial", trial.after)):
            with st.container(gap="xsmall"):
                st.caption(f"{title}: read as")
                parts.show_prediction(prediction, key=f"attack_{title.lower()}")
    show_distances(trial)
    if trial.crafted.path is not None and len(trial.crafted.path) > 1:
        st.markdown(
            "**The way there**: how sure the classifier was after each of "
            f"{trial.crafted.steps} steps"
        )
        st.plotly_chart(
            attacks.path(trial),
            key="attack_path",
            config={"displayModeBar": False},
            alt="Confidence of the true class and of the goal by step",
        )
    _show_downloads(trial)


def show_verdict(trial: Trial) -> None:
    """What happened, in one sentence, and whether an image file keeps it."""
    if trial.crafted.success:
        st.success(
            in_one_sentence(trial),
            icon=":material/bolt:",
            title="Misread, also after saving as PNG",
        )
    elif trial.crafted.success_before_rounding:
        st.warning(in_one_sentence(trial), icon=":material/save:", title="Lost in saving")
    else:
        st.warning(
            f"{in_one_sentence(trial)} Raise the budget or the steps, or try another attack.",
            icon=":material/shield:",
            title="Not fooled",
        )


def survival(trial: Trial) -> str:
    """Whether the misreading outlives an image file, in a few words."""
    if trial.crafted.success:
        return "survives saving"
    return "lost in saving" if trial.crafted.success_before_rounding else "not fooled"


def decibel(psnr: float) -> str:
    """PSNR to read; two equal images have none."""
    return f"{psnr:.1f} dB" if math.isfinite(psnr) else "no change"


def show_distances(trial: Trial) -> None:
    """How far the image moved."""
    crafted = trial.crafted
    with st.grid(4, min_column_width=110):
        st.metric(
            "Largest change",
            f"{crafted.linf * LEVELS:.0f}/{LEVELS}",
            help="L-infinity: the colour value that moved furthest.",
        )
        st.metric(
            "L2 distance",
            f"{crafted.l2:.2f}",
            help="Length of the whole change; colour values from 0 to 1.",
        )
        st.metric(
            "PSNR",
            decibel(crafted.psnr),
            help="Higher is closer to the original; 30 dB is hard to see.",
        )
        st.metric("Pixels changed", f"{trial.changed:.0%}")


def settings_told(trial: Trial) -> dict[str, object]:
    """What the manifest says of how it was made."""
    plan = trial.plan
    return {
        "attack": plan.attack,
        "target": plan.target,
        "epsilon": plan.epsilon,
        "steps_at_most": plan.steps,
        "seed": plan.seed,
        "goes_on_when_misread": plan.persistent,
    }


def _show_downloads(trial: Trial) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Adversarial PNG",
            encode_png(trial.crafted.adversarial),
            "adversarial.png",
            "image/png",
            icon=":material/download:",
            on_click="ignore",
        )
        if trial.crafted.success:
            st.download_button(
                "PNG and manifest (ZIP)",
                export.zip_crafted([trial.crafted], **settings_told(trial)),
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
