"""Several attacks on one image, side by side."""

from collections.abc import Sequence

import streamlit as st

from core import plots
from core.labels import class_name
from core.records.attacks import LEVELS, AttackedImage
from pages._attack.result import survival
from pages._shared import parts
from pages._shared.user import current


def show(results: Sequence[AttackedImage]) -> None:
    """Images first, then the figures as a table."""
    successes = sum(each.success for each in results)
    st.markdown(f"**{successes} of {len(results)} attacks** succeed, also once the image is saved.")
    with st.grid(4, min_column_width=140):
        first = results[0]
        parts.show_image(first.clean, f"Original: {class_name(first.before.class_id)}")
        for each in results:
            parts.show_image(each.adversarial, f"{_title(each)}: {class_name(each.after.class_id)}")
    st.dataframe(
        [_row(each) for each in results],
        hide_index=True,
        row_height=48,
        column_config={
            "difference": st.column_config.ImageColumn(
                width="small", help="Magnified, with a factor for each attack"
            ),
            "confidence": st.column_config.NumberColumn(format="percent"),
            "L2": st.column_config.NumberColumn(format="%.2f"),
            "PSNR, dB": st.column_config.NumberColumn(format="%.1f"),
        },
        alt="The attacks in figures",
    )


def _title(result: AttackedImage) -> str:
    return current().lab.info(result.plan.attack).title


def _row(result: AttackedImage) -> dict[str, object]:
    difference, _ = plots.magnified_difference(result.clean, result.adversarial)
    return {
        "attack": _title(result),
        "difference": plots.thumbnail(difference),
        "prediction": class_name(result.after.class_id),
        "confidence": result.after.confidence,
        "saved as PNG": survival(result),
        f"change, n/{LEVELS}": round(result.linf * LEVELS),
        "L2": result.l2,
        "PSNR, dB": result.psnr,
        "steps": result.steps,
    }
