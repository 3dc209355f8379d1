"""The image beside its heat map and those of clean images: four places of one size.

They are there before there is anything to show in them, so that nothing below moves. As HTML:
Streamlit's own images are a tab stop each, and as high as they happen to be.
"""

import base64

import streamlit as st

from core.errors import SignwatchError
from core.plots import no_image
from core.records.plain_text import html, message
from core.records.triage import ItemContext, Opened, Panel
from pages._shared.user import current

PLACES = 3  # for heat maps, beside the image itself
ROW = "display:grid;grid-template-columns:repeat(auto-fit,minmax(125px,1fr));gap:12px"
IMAGE = (
    "display:block;width:100%;aspect-ratio:1;max-height:max(17vh,120px);border-radius:6px;"
    "background:rgba(128,128,128,.12)"
)
WORDS = "font-size:11px;line-height:1.25;height:5em;overflow:auto"


def show(opened: Opened, context: ItemContext | None) -> None:
    """What is known of the image by now."""
    capture = opened.item.capture
    try:
        image = (context and context.image) or current().triage.image(capture)
        figures = [_figure(_url(image), "the captured image", "Original")]
    except SignwatchError:
        figures = [_figure(no_image(), "no image", "No image")]
    panels = context.panels if context else ()
    figures += [_panel(each) for each in panels]
    figures += [_empty(panels, context)] * (PLACES - len(panels))
    st.html(f'<div style="{ROW}">{"".join(figures)}</div>')


def show_problems(opened: Opened, context: ItemContext | None) -> None:
    """Why there is no image, or no heat map."""
    try:
        current().triage.image(opened.item.capture)
    except SignwatchError as error:
        st.info(f"There is no image: {message(str(error))}.", icon=":material/hide_image:")
    if context and context.problem:
        st.info(f"There is no heat map: {message(context.problem)}.", icon=":material/hide_image:")


def small(url: str, alt: str, *, width: int) -> None:
    """A small image that nobody can tab to."""
    st.html(
        f'<img src="{html(url)}" alt="{html(alt)}" width="{width}" height="{width}" '
        'style="display:block;object-fit:contain;border-radius:6px">',
        width=width,
    )


def _panel(panel: Panel) -> str:
    return _figure(
        _url(panel.overlay),
        f"FullGrad heat map, {panel.title}",
        panel.title,
        f"predicted as {panel.prediction}",
    )


def _empty(panels: tuple[Panel, ...], context: ItemContext | None) -> str:
    if context is None:
        words = "Heat map follows"
    else:
        words = "No other clean image is known" if panels else "No heat map"
    return f'<figure style="margin:0"><div style="{IMAGE}"></div>{_words(words)}</figure>'


def _figure(url: str, alt: str, title: str, text: str = "") -> str:
    return (
        f'<figure style="margin:0"><img src="{html(url)}" alt="{html(alt)}" '
        f'style="{IMAGE};object-fit:contain">{_words(title, text)}</figure>'
    )


def _words(title: str, text: str = "") -> str:
    return f'<figcaption style="{WORDS}"><b>{html(title)}</b> <br>{html(text)}</figcaption>'


def _url(content: bytes) -> str:
    """Browsers look at the bytes for what kind of image it is."""
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"
