"""One attack on many images: how many are misread, of which classes, as what."""

from collections.abc import Sequence

import streamlit as st

from core.attacks import export, trials
from core.attacks.trials import Rate, Trial
from core.plots import attacks
from pages._attack.result import settings_told


def show(results: Sequence[Trial]) -> None:
    """Rates, success by class, what is read as what, download."""
    rate = Rate.of(results)
    if not rate.eligible:
        st.warning(
            "No image counts: each is misread without any attack, or is of the target "
            "class already. Take other images or another target.",
            icon=":material/info:",
            title="Nothing to count",
        )
        return
    plan = results[0].plan
    st.markdown(f"**{plan.info.title}**, to be read as **{plan.goal}**")
    with st.grid(3, min_column_width=150):
        st.metric("Images that count", f"{rate.eligible} of {len(results)}", border=True)
        st.metric(
            "Misread before rounding",
            f"{rate.before_rounding / rate.eligible:.1%}",
            f"{rate.before_rounding} of {rate.eligible}",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )
        st.metric(
            "Misread as saved PNG",
            f"{rate.saved / rate.eligible:.1%}",
            f"{rate.saved} of {rate.eligible}",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )
    st.caption(
        "Only images count that are read correctly without an attack and are not of the "
        "target class already. Before rounding: on exact numbers; as saved PNG: the "
        "image file, read again."
    )
    content = export.zip_crafted([each.crafted for each in results], **settings_told(results[0]))
    st.download_button(
        "Misread images and manifest (ZIP)",
        content,
        "attack.zip",
        "application/zip",
        icon=":material/folder_zip:",
        on_click="ignore",
    )
    st.markdown("**What is read as what**, in the saved images")
    st.plotly_chart(
        attacks.reading_matrix(trials.readings(results)),
        key="attack_matrix",
        config={"displayModeBar": False},
        alt="True class against the class that is read",
    )
    st.markdown("**Misread by class**")
    st.plotly_chart(
        attacks.success_by_class(trials.rates_by_class(results)),
        key="attack_by_class",
        config={"displayModeBar": False},
        alt="Share of misread images by true class",
    )
