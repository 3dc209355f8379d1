"""Explanations as Plotly figures; colours read on light and dark pages alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.explain.heat_maps import (
    LESS,
    LEVELS,
    MORE,
    Map,
    Pixels,
    colour_table,
    paled,
    share_of_opacity,
)
from core.explain.layers import readable_layer
from core.images import LONGEST_SIDE, fit
from core.plots.base import ALARM, ORDINARY, laid_out
from core.records.explanations import Circle, Style
from core.records.plain_text import html
from core.thumbnails import data_url, enlarged

ROW = 21  # height in pixels of a layer in the chart
FRAME = 96
STEPS = 33  # colours that a figure carries of a scale


def heat_map(
    pixels: Pixels,
    saliency: Map,
    *,
    largest: float,
    style: Style = Style(),
    beside: str = "image",
    circle: bool = False,
    height: int = 290,
) -> go.Figure:
    """The image (h, w, 3) under its map (h, w), in % of `largest`, and something beside it.

    `largest` is the end of the colour scale: the same for images that are to be compared.
    Places of little saliency let the image through. beside: `image` puts the image alone to
    the left, `map` the map alone to the right; circle: draw the one that the style has.
    """
    shown = enlarged(fit(pixels, LONGEST_SIDE))
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.03)
    overlaid = 2 if beside == "image" else 1
    for column in (1, 2) if beside == "image" else (1,):
        figure.add_trace(go.Image(source=data_url(shown), hoverinfo="skip"), row=1, col=column)
    scale = _see_through(style)
    figure.add_trace(
        _heat(shown, saliency, largest, scale, bar=beside == "image"), row=1, col=overlaid
    )
    if beside == "map":
        opaque = _opaque(style)
        figure.add_trace(_heat(shown, saliency, largest, opaque, bar=True), row=1, col=2)
    if circle:
        for column in (1, 2):
            _draw(figure, style.circle, shown, column)
    return _framed(figure, shown, height)


def signed_difference(
    pixels: Pixels, change: Map, *, largest: float, height: int = 300
) -> go.Figure:
    """A difference of two maps (h, w) over the paled image, in % of `largest`, around 0.

    Red above 0, blue below; `largest` is the colour scale's end of the maps themselves.
    """
    shown = enlarged(fit(pixels, LONGEST_SIDE))
    figure = go.Figure(go.Image(source=data_url(paled(shown)), hoverinfo="skip"))
    heat = _heat(shown, change, largest, _diverging(), bar=True)
    heat.update(
        zmin=-100,
        zmax=100,
        hovertemplate="%{z:+.0f} % of the scale<extra></extra>",
        colorbar={
            "tickvals": [-100, -50, 0, 50, 100],
            "ticktext": ["−100", "−50", "0", "+50", "+100"],
            "title": {"text": "difference, % of the maps' scale", "side": "bottom"},
        },
    )
    figure.add_trace(heat)
    return _framed(figure, shown, height)


def contributions(parts: Mapping[str, Mapping[str, float]]) -> go.Figure:
    """image -> layer -> signed contribution in logits, as grouped bars in forward order."""
    layers = list(dict.fromkeys(layer for own in parts.values() for layer in own))
    names = [html(readable_layer(layer)) for layer in layers]
    figure = go.Figure()
    for (title, own), colour in zip(parts.items(), (ALARM, ORDINARY), strict=False):
        figure.add_bar(
            x=[own.get(layer, 0.0) for layer in layers],
            y=names,
            orientation="h",
            name=title,
            marker_color=colour if len(parts) > 1 else ORDINARY,
            customdata=[html(layer) for layer in layers],
            hovertemplate="%{y} (%{customdata})<br>" + title + ": %{x:+.2f} logits<extra></extra>",
        )
    figure.update_yaxes(automargin=True, autorange="reversed", type="category")
    figure.update_xaxes(title="contribution to the logit", zeroline=True, zerolinewidth=2)
    figure.update_layout(
        barmode="group",
        bargap=0.25,
        bargroupgap=0,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0},
    )
    return laid_out(figure, FRAME + ROW * len(layers))


def _heat(
    shown: Pixels, saliency: Map, largest: float, scale: Sequence[tuple[float, str]], *, bar: bool
) -> go.Heatmap:
    step_x, step_y = shown.shape[1] / saliency.shape[1], shown.shape[0] / saliency.shape[0]
    return go.Heatmap(
        z=np.round(100 * saliency / (largest or 1.0), 1),
        x0=step_x / 2,
        dx=step_x,
        y0=step_y / 2,
        dy=step_y,
        zmin=0,
        zmax=100,
        zsmooth="best",
        colorscale=scale,
        showscale=bar,
        colorbar={
            "orientation": "h",
            "y": -0.02,
            "yanchor": "top",
            "thickness": 10,
            "len": 0.98,
            "tickvals": [0, 25, 50, 75, 100],
            "title": {"text": "saliency, % of the strongest places", "side": "bottom"},
        },
        hovertemplate="%{z:.0f} % of the scale<extra></extra>",
    )


def _draw(figure: go.Figure, circle: Circle, shown: Pixels, column: int) -> None:
    """The circle as a white line on a dark one: seen on any image."""
    height, width = shown.shape[:2]
    x, y, radius = circle.x * width, circle.y * height, circle.radius * min(height, width)
    for colour, thickness in (("rgba(0,0,0,0.6)", 4), ("white", 2)):
        figure.add_shape(
            type="circle",
            x0=x - radius,
            x1=x + radius,
            y0=y - radius,
            y1=y + radius,
            line={"color": colour, "width": thickness},
            row=1,
            col=column,
        )


def _framed(figure: go.Figure, shown: Pixels, height: int) -> go.Figure:
    figure.update_xaxes(visible=False, range=[0, shown.shape[1]], constrain="domain")
    figure.update_yaxes(visible=False, range=[shown.shape[0], 0], constrain="domain")
    figure.for_each_yaxis(lambda axis: axis.update(scaleanchor=axis.anchor or "x"))
    laid_out(figure, height)
    return figure.update_layout(margin={"l": 0, "r": 0, "t": 4, "b": 4})


def _see_through(style: Style) -> list[tuple[float, str]]:
    places = np.linspace(0, 1, STEPS)
    return _scale(places, _colours(style), style.opacity * share_of_opacity(places))


def _opaque(style: Style) -> list[tuple[float, str]]:
    return _scale(np.linspace(0, 1, STEPS), _colours(style), np.ones(STEPS))


def _diverging() -> list[tuple[float, str]]:
    places = np.linspace(-1, 1, STEPS)
    ends = [MORE if place > 0 else LESS for place in places]
    return _scale((places + 1) / 2, np.array(ends), abs(places))


def _colours(style: Style) -> np.ndarray[Any, Any]:
    rows = np.round(LEVELS * np.linspace(0, 1, STEPS)).astype(int)
    colours: np.ndarray[Any, Any] = np.round(LEVELS * colour_table(style.colours)[rows])
    return colours


def _scale(places: Map, colours: np.ndarray[Any, Any], weights: Map) -> list[tuple[float, str]]:
    return [
        (float(place), f"rgba({red:.0f},{green:.0f},{blue:.0f},{weight:.3f})")
        for place, (red, green, blue), weight in zip(places, colours, weights, strict=True)
    ]
