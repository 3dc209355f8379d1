"""One attack on many images: success, by class, and the confusion matrix."""

from collections.abc import Sequence

import streamlit as st

from core.plots import attacks
from core.records.attacks import AttackedImage, Rate, confusions, rates_by_class
from core.records.plain_text import plain
from pages._shared.user import current


def show(results: Sequence[AttackedImage]) -> None:
    """Rates, download, confusion matrix, success by class."""
    rate = Rate.of(results)
    if not rate.eligible:
        st.warning(
            "Each image is misclassified without an attack, or is of the target class already. "
            "Choose other images or another target.",
            icon=":material/info:",
            title="Nothing to count",
        )
        return
    plan = results[0].plan
    st.markdown(f"**{current().lab.info(plan.attack).title}**, goal **{plain(plan.goal)}**")
    with st.grid(3, min_column_width=150):
        st.metric("Images that count", f"{rate.eligible:d} of {len(results)}", border=True)
        _show_share("Misclassified before rounding", rate.before_rounding, rate.eligible)
        _show_share("Misclassified as saved PNG", rate.saved, rate.eligible)
    st.caption(
        "Counts images classified correctly before the attack, target class excluded. "
        "Before rounding: exact numbers. As saved PNG: the image file, read again."
    )
    st.download_button(
        "Adversarial images and manifest (ZIP)",
        current().lab.to_zip(results),
        "attack.zip",
        "application/zip",
        icon=":material/folder_zip:",
        on_click="ignore",
    )
    st.markdown("**Predictions by true class**, of the saved images")
    st.plotly_chart(
        attacks.confusion_matrix(confusions(results)),
        key="attack_matrix",
        config={"displayModeBar": False},
        alt="True class against predicted class",
    )
    st.markdown("**Misclassified by class**")
    st.plotly_chart(
        attacks.success_by_class(rates_by_class(results)),
        key="attack_by_class",
        config={"displayModeBar": False},
        alt="Share of misclassified images by true class",
    )


def _show_share(label: str, count: int, of: int) -> None:
    st.metric(
        plain(label),
        f"{count / of:.1%}",
        f"{count} of {of}",
        delta_color="off",
        delta_arrow="off",
        border=True,
    )
