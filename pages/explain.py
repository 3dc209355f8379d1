"""FullGrad: what the classifier looked at, adversarial beside clean, on one colour scale."""

import streamlit as st
from numpy import uint8
from numpy.typing import NDArray

from core import explain_figures, heat_maps
from core.errors import NotFound
from core.labels import all_labels, class_name
from core.services import current
from core.vision.fullgrad import Explanation, outside_share
from pages import _attack_job
from pages import _parts as parts

signwatch = current()
Pair = tuple[NDArray[uint8], NDArray[uint8] | None, int | None]


def captured_pair(capture_id: str) -> Pair:
    """The captured picture, its clean one where the sender said so, and the true class."""
    capture = signwatch.log.capture(capture_id).capture
    pixels = signwatch.picture(capture.image_sha256).pixels
    clean = None
    if capture.provenance.clean_sha256:
        try:
            clean = signwatch.picture(capture.provenance.clean_sha256).pixels
        except NotFound:
            st.info("The sender named a clean picture that the log does not hold.")
    label = capture.provenance.label
    known = any(label == each.class_id for each in all_labels())
    return pixels, clean, label if known else None


def chosen_pair() -> Pair | None:
    """From a capture (deep link), from the attack lab, or dropped on this page."""
    capture_id = st.query_params.get("capture")
    if capture_id:
        st.caption(f"Capture {capture_id}")
        return captured_pair(capture_id)
    sources = ["Drop pictures"]
    if "one" in _attack_job.results():
        sources.insert(0, "Latest attack")
    source = st.segmented_control("Pictures", sources, default=sources[0], key="explain_source",
                                  required=True)  # fmt: skip
    if source == "Latest attack":
        crafted = _attack_job.results()["one"][1].crafted
        return crafted.adversarial, crafted.clean, crafted.label
    columns = st.columns(2, gap="large")
    with columns[0]:
        picture, label = parts.choose_picture("explain_left", class_id=14)
    with columns[1]:
        other, _ = parts.choose_picture("explain_right", class_id=1)
    if picture is None:
        return None
    return picture.pixels, other.pixels if other else None, label


def show(title: str, pixels: NDArray[uint8], explanation: Explanation, largest: float) -> None:
    """One picture: prediction over it, overlay, figures under it."""
    prediction = signwatch.predictor.predict([pixels])[0]
    st.subheader(title)
    st.markdown(f"#### {class_name(prediction.class_id)} · {prediction.confidence:.1%}")
    st.caption(f"Map for {class_name(explanation.class_id)}, "
               f"which the classifier gives {explanation.probability:.1%}.")  # fmt: skip
    key = title.lower()
    st.plotly_chart(
        explain_figures.heat_map(pixels, explanation.map, largest=largest, opacity=opacity),
        key=f"map_{key}", config={"displayModeBar": False},
        alt=f"FullGrad heat map of the {key} picture for {class_name(explanation.class_id)}",
    )  # fmt: skip
    st.caption(
        f"Outside the middle circle (radius 0.4): {outside_share(explanation.map):.0%} of the map "
        f"· completeness residual {explanation.residual:.1e} (0 is exact)"
    )


pair = None
with parts.errors_shown():
    pair = chosen_pair()
if pair is None:
    st.info("Choose or drop a picture to see what the classifier looked at.",
            icon=":material/visibility:", title="Nothing to explain yet")  # fmt: skip
    st.stop()

first, second, true_class = pair
controls = st.columns([3, 2, 2], vertical_alignment="bottom")
with controls[0]:
    choices = ["Predicted class of each", "True class", "Another class"]
    if true_class is None:
        choices.remove("True class")
    wanted = st.segmented_control("Explain", choices, default=choices[0], key="explain_class",
                                  required=True)  # fmt: skip
with controls[1]:
    class_id = None
    if wanted == "True class":
        class_id = true_class
    elif wanted == "Another class":
        class_id = parts.choose_class("Class", key="explain_other", class_id=14)
with controls[2]:
    opacity = st.slider("Opacity of the map", 0, 100, 85, format="%d %%", key="opacity") / 100

pictures = [first] if second is None else [first, second]
with parts.errors_shown():
    explanations = signwatch.explain(pictures, [class_id] * len(pictures))
    scale = heat_maps.common_scale([each.map for each in explanations])
    if second is None:
        show("Picture", first, explanations[0], scale)
        st.caption("No clean picture is known for this one, so it stands alone.")
    else:
        for column, title, pixels, explanation in zip(
            st.columns(2, gap="large"), ["Adversarial", "Clean"], pictures, explanations,
            strict=True,
        ):  # fmt: skip
            with column:
                show(title, pixels, explanation, scale)
        st.caption("Both maps share one colour scale.")
with st.expander("How to read it"):
    st.markdown(
        "FullGrad (Srinivas & Fleuret 2019) splits the score of a class exactly into what the "
        "pixels and every layer's biases contributed; bright places contributed most. The "
        "residual says how far the parts are from adding up to the score. A map explains a "
        "prediction, it does not prove an attack."
    )
