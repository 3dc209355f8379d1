"""Heat maps: adversarial beside clean, or many captures at once."""

import streamlit as st

from core.labels import all_labels, class_name
from core.plots import COLOUR_MAPS
from core.services import Explanations
from pages._explain import link, sheet, source
from pages._explain import maps as _explain_maps
from pages._explain.link import MAPS
from pages._explain.source import Images
from pages._shared import choices, parts, scroll
from pages._shared.user import current

signwatch = current()
PAIR = "explain_pair"  # key of the container of both maps
VIEWS = {"pair": "One pair", "sheet": "Many at once"}


def choose_drawing() -> None:
    """Method, colours, opacity: for all maps of the page."""
    with labelled:
        st.selectbox(
            "Method",
            list(Explanations.methods()),
            format_func=lambda name: Explanations.method(name).title,
            key="explain_method",
            width=190,
            persist_state="page",
        )
    with toolbar, st.popover("Drawing", icon=":material/palette:"):
        st.selectbox(
            "Colour map",
            list(COLOUR_MAPS),
            format_func=str.title,
            key="explain_colours",
            persist_state="page",
            help="All of them can be read by the colour-blind; brighter is more.",
        )
        st.slider(
            "Opacity of the maps",
            0,
            100,
            format="%d %%",
            key="explain_opacity",
            persist_state="page",
        )
        if st.session_state["explain_view"] == "sheet":
            sheet.choose_count()


def show_method() -> None:
    """The method in a sentence, and where it is from."""
    method = Explanations.method(st.session_state["explain_method"])
    st.caption(f"{method.title}: {method.explanation} ({method.source})")


def choose_rows(images: Images) -> list[list[int]]:
    """For which classes: a row of maps each, with one class an image."""
    predicted = [each.class_id for each in signwatch.model.predict(list(images.shown.values()))]
    offered = list(MAPS)
    if len(predicted) == 1:
        offered.remove("own")
    if images.label is None:
        offered = [each for each in offered if each not in ("true", "both")]
    link.settle("maps", offered)
    chosen = st.segmented_control(
        "Maps for",
        offered,
        format_func=MAPS.get,
        key="explain_maps",
        required=True,
        persist_state="page",
    )
    if chosen == "own":
        return [predicted]
    if chosen == "other":
        if st.session_state.get("explain_class_id") is None:
            st.session_state["explain_class_id"] = predicted[0]
        ids = [each.class_id for each in all_labels()]
        other = st.selectbox(
            "Class",
            ids,
            format_func=class_name,
            key="explain_class_id",
            width=240,
            persist_state="page",
        )
        return [[other] * len(predicted)]
    first, label = predicted[0], images.label
    classes = {"predicted": [first], "true": [label], "both": [first, label]}[chosen]
    return [[class_id] * len(predicted) for class_id in dict.fromkeys(classes)]


def show_pair() -> None:
    """One image, or two side by side."""
    images = None
    with parts.errors_shown():
        images = source.choose(labelled)
    if images is None:
        st.info(
            "Choose or drop an image to see what the classifier looked at.",
            icon=":material/visibility:",
            title="Nothing to explain yet",
        )
        return
    choose_drawing()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rows = choose_rows(images)
    show_method()
    maps = st.container(key=PAIR)
    _explain_maps.show_circle()
    with parts.errors_shown():
        comparison = _explain_maps.compare(images, rows, link.current_link())
        with maps:
            _explain_maps.show(comparison)
        if capture_id := link.current_link().capture:
            scroll.to(PAIR, capture_id)
        _explain_maps.show_details(comparison)
        _explain_maps.show_downloads(comparison)
    with st.expander("How to read it"):
        st.markdown(
            "Bright places weigh most for the class. All maps on the page share one colour scale. "
            "FullGrad (Srinivas & Fleuret 2019) splits the score of a class exactly into the "
            "contributions of the pixels and of every layer's biases. The residual is the "
            "difference between their sum and the score. Look closer if much of a map lies outside "
            "the sign. A map explains a prediction, it does not prove an attack."
        )


link.follow()
choices.settle("explain_view", list(VIEWS))
toolbar = st.container(horizontal=True, vertical_alignment="bottom")
labelled = toolbar.container(horizontal=True, width="content")  # labels in one line
with labelled:
    view = st.segmented_control(
        "View",
        list(VIEWS),
        format_func=VIEWS.get,
        key="explain_view",
        required=True,
        persist_state="page",
    )
if view == "sheet":
    choose_drawing()
    show_method()
    scroll.closed(PAIR)
    sheet.show()
else:
    show_pair()
link.remember()
