"""A comparison on the page: maps side by side, circle, difference, layers, downloads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import streamlit as st
from numpy import uint8
from numpy.typing import NDArray

from core.labels import class_name
from core.plots import Comparison, Side, explanations
from core.records.explanations import Explanation
from core.records.plain_text import message, plain
from core.records.window import now
from core.services import Explanations
from pages._explain.link import ExplainLink
from pages._explain.source import Images
from pages._shared import parts
from pages._shared.user import current

NO_BAR = {"displayModeBar": False}
Row = Sequence[int]  # the class that each side is explained for


def compare(images: Images, rows: Sequence[Row], link: ExplainLink) -> Comparison:
    """Predictions and maps; raises BadInput for a network that the method does not cover."""
    predictions = current().model.predict(list(images.shown.values()))
    sides = [
        Side(
            title,
            pixels,
            prediction,
            tuple(explained(pixels, row[number], link.method) for row in rows),
        )
        for number, ((title, pixels), prediction) in enumerate(
            zip(images.shown.items(), predictions, strict=True)
        )
    ]
    facts = {
        **images.facts,
        "Model SHA-256": current().model.sha256,
        "Date": f"{now():%Y-%m-%d %H:%M:%S} UTC",
    }
    return Comparison(tuple(sides), Explanations.method(link.method), link.style, facts)


def explained(pixels: NDArray[uint8], class_id: int, method: str) -> Explanation:
    """One map, computed once however often the page is drawn."""
    name = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
    model = current().model.sha256
    return _explained(name, model, class_id, method, pixels)


@st.cache_data(max_entries=64, show_spinner=False)
def _explained(
    name: str, model: str, class_id: int, method: str, _pixels: NDArray[uint8]
) -> Explanation:
    return current().explanations.explain([_pixels], [class_id], method=method)[0]


def show(comparison: Comparison) -> None:
    """The maps, and each image's prediction over them."""
    columns = st.columns(2, gap="large")
    for column, side in zip(columns, comparison.sides, strict=False):
        with column:
            _show_prediction(side)
    for row in range(comparison.rows):
        if row:
            columns = st.columns(2, gap="large")
        for column, side in zip(columns, comparison.sides, strict=False):
            with column:
                _show_map(comparison, side, row)


def _show_prediction(side: Side) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(width=120):
            parts.show_plain(side.pixels, f"{side.title}: the image", width=120)
        with st.container(gap="xxsmall", width="stretch"):
            st.caption(side.title)
            st.markdown(f"#### {message(side.summary)}")
            if side.prediction.suspicion.flagged:
                st.badge("Flagged", icon=":material/flag:", color="red")


def _show_map(comparison: Comparison, side: Side, row: int) -> None:
    explanation = side.explanations[row]
    st.markdown(
        f"What speaks for **{class_name(explanation.class_id)}** ({explanation.probability:.1%})"
    )
    st.plotly_chart(
        explanations.heat_map(
            side.pixels,
            explanation.map,
            largest=comparison.scale,
            style=comparison.style,
            beside="map",
            circle=True,
        ),
        key=f"map_{side.title}_{row}",
        config=NO_BAR,
        alt=f"{comparison.method.title} map for {class_name(explanation.class_id)}, "
        f"{side.title.lower()}: over the image, and alone",
    )
    text = f"**{comparison.outside(explanation):.0%}** outside the circle"
    if explanation.residual is not None:
        text += f" · completeness residual {explanation.residual:.1e}"
    st.caption(text)


def show_circle() -> None:
    """Where the sign is: the circle on the maps, moved and resized."""
    with (
        st.expander(
            "**Circle around the sign**: how much of each map lies outside it",
            icon=":material/adjust:",
        ),
        st.grid(3, min_column_width=180),
    ):
        st.slider(
            "Centre, from the left",
            0,
            100,
            format="%d %%",
            key="explain_x",
            persist_state="page",
        )
        st.slider(
            "Centre, from the top",
            0,
            100,
            format="%d %%",
            key="explain_y",
            persist_state="page",
        )
        st.slider(
            "Radius, of the shorter side",
            1,
            100,
            format="%d %%",
            key="explain_radius",
            persist_state="page",
        )


def show_details(comparison: Comparison) -> None:
    """Row by row: where the maps differ, and which layers speak for the class."""
    for row in range(comparison.rows):
        classes = dict.fromkeys(
            class_name(side.explanations[row].class_id) for side in comparison.sides
        )
        if comparison.rows > 1:
            st.subheader(" and ".join(classes))
        left, right = st.columns([2, 3], gap="large")
        change = comparison.difference(row)
        with left if change is not None else st.container():
            if change is not None:
                _show_difference(comparison, row, len(classes) > 1)
        with right if change is not None else st.container():
            _show_layers(comparison, row)


def _show_difference(comparison: Comparison, row: int, two_classes: bool) -> None:
    first, second = comparison.sides
    change = comparison.difference(row)
    st.markdown("**Difference of the maps**")
    st.plotly_chart(
        explanations.signed_difference(first.pixels, change, largest=comparison.scale, height=400),
        key=f"difference_{row}",
        config=NO_BAR,
        alt=f"Signed difference of the two maps, {first.title.lower()} minus "
        f"{second.title.lower()}",
    )
    text = f"Red: more in **{first.title}**, blue: more in **{second.title}**."
    if two_classes:
        text += (
            " The two maps are for different classes; choose one class to compare like with like."
        )
    if first.explanations[row].map.shape != second.explanations[row].map.shape:
        text += " The images differ in size; the second map was brought to the first's."
    st.caption(text)


def _show_layers(comparison: Comparison, row: int) -> None:
    st.markdown("**Contribution by layer**")
    if not comparison.method.sums_to_logit:
        st.caption(
            f"{comparison.method.title} does not split the logit into layers; FullGrad does."
        )
        return
    own = {side.title: side.explanations[row] for side in comparison.sides}
    st.plotly_chart(
        explanations.contributions({title: each.contributions for title, each in own.items()}),
        key=f"layers_{row}",
        config=NO_BAR,
        alt="Contribution of each layer to the logit, in forward order",
    )
    sums = " and ".join(
        f"{each.logit:.2f} ({plain(title)}, {class_name(each.class_id)})"
        for title, each in own.items()
    )
    st.caption(f"The bars of an image add up to its logit: {sums}.")


def show_downloads(comparison: Comparison) -> None:
    """The same as one PNG, or as a report that needs nothing else."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Side by side (PNG)",
            lambda: current().explanations.to_png(comparison),
            "explanation.png",
            "image/png",
            icon=":material/image:",
            on_click="ignore",
        )
        st.download_button(
            "Report (HTML)",
            lambda: current().explanations.to_html(comparison),
            "explanation.html",
            "text/html",
            icon=":material/description:",
            on_click="ignore",
            help="One file with images, figures and settings; it fetches nothing.",
        )
