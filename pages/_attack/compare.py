"""Several attacks on one image, side by side."""

from collections.abc import Sequence

import streamlit as st

from core import thumbnails
from core.attacks.trials import LEVELS, Trial
from core.labels import class_name
from pages._attack.result import survival
from pages._shared import parts


def show(trials: Sequence[Trial]) -> None:
    """Images first, then the figures as a table."""
    fooled = sum(trial.crafted.success for trial in trials)
    st.markdown(
        f"**{fooled} of {len(trials)} attacks** make the classifier misread the sign, "
        "also once the image is saved."
    )
    with st.grid(4, min_column_width=140):
        parts.show_image(
            trials[0].crafted.clean, f"Original: {class_name(trials[0].before.class_id)}"
        )
        for trial in trials:
            parts.show_image(
                trial.crafted.adversarial,
                f"{trial.plan.info.title}: {class_name(trial.after.class_id)}",
            )
    st.dataframe(
        [_row(trial) for trial in trials],
        hide_index=True,
        row_height=48,
        column_config={
            "difference": st.column_config.ImageColumn(
                width="small", help="Magnified, each by itself"
            ),
            "confidence": st.column_config.NumberColumn(format="percent"),
            "L2": st.column_config.NumberColumn(format="%.2f"),
            "PSNR, dB": st.column_config.NumberColumn(format="%.1f"),
        },
        alt="The attacks in figures",
    )


def _row(trial: Trial) -> dict[str, object]:
    crafted = trial.crafted
    difference, _ = thumbnails.magnified_difference(crafted.clean, crafted.adversarial)
    return {
        "attack": trial.plan.info.title,
        "difference": thumbnails.thumbnail(difference),
        "read as": class_name(trial.after.class_id),
        "confidence": trial.after.confidence,
        "saved as PNG": survival(trial),
        f"change, n/{LEVELS}": round(crafted.linf * LEVELS),
        "L2": crafted.l2,
        "PSNR, dB": crafted.psnr,
        "steps": crafted.steps,
    }
