"""Recorded tensors as Plotly figures; colours work on light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.plots.base import ORDINARY, laid_out
from core.records.tensors import Array, TensorFacts
from core.thumbnails import MUTED

BINS = 60
GAP = 1  # pixels between two channels
CHANNELS = 64  # in one figure
# Both are perceptually uniform; the second is centred at 0.
UPWARDS, BOTH_WAYS = "Viridis", "balance"


def as_channels(array: Array) -> NDArray[np.float64] | None:
    """(..., height, width) -> (channels, height, width); None if it holds no image."""
    if array.ndim < 3 or array.shape[-1] * array.shape[-2] < 2:
        return None
    return array.reshape(-1, *array.shape[-2:]).astype(np.float64)


def channel_grid(
    channels: NDArray[np.float64], *, first: int = 0, columns: int = 8, height: int = 520
) -> go.Figure:
    """At most CHANNELS of channels (channels, height, width), from `first`, as images.

    One colour scale covers all channels, including those not shown.
    """
    shown = channels[first : first + CHANNELS]
    rows, columns = math.ceil(len(shown) / columns), min(columns, len(shown))
    tall, wide = shown.shape[1] + GAP, shown.shape[2] + GAP
    mosaic = np.full((rows * tall - GAP, columns * wide - GAP), np.nan)
    numbers = np.full(mosaic.shape, -1, np.int32)
    for place, channel in enumerate(shown):
        y, x = place // columns * tall, place % columns * wide
        mosaic[y : y + tall - GAP, x : x + wide - GAP] = channel
        numbers[y : y + tall - GAP, x : x + wide - GAP] = first + place
    low, high = _finite_range(channels)
    if low < 0:
        low, high = -max(-low, high), max(-low, high)
    figure = go.Figure(
        go.Heatmap(
            z=mosaic.astype(np.float32),
            customdata=numbers,
            zmin=low,
            zmax=high,
            colorscale=BOTH_WAYS if low < 0 else UPWARDS,
            colorbar={"thickness": 12, "outlinewidth": 0},
            hovertemplate="channel %{customdata}: %{z:.4g}<extra></extra>",
            hoverongaps=False,
        )
    )
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(
        visible=False,
        autorange="reversed",
        scaleanchor="x",
        constrain="domain",
        constraintoward="top",
    )
    figure.update_layout(plot_bgcolor="rgba(0,0,0,0)")
    return laid_out(figure, height)


def values(array: Array, *, height: int = 260) -> go.Figure:
    """Every value of a tensor that holds no image, by index."""
    figure = go.Figure(
        go.Bar(
            y=array.reshape(-1).astype(np.float64),
            marker_color=ORDINARY,
            hovertemplate="%{x}: %{y:.4g}<extra></extra>",
        )
    )
    figure.update_xaxes(title="index")
    figure.update_yaxes(title="value")
    return laid_out(figure, height)


def histogram(array: Array, *, height: int = 260) -> go.Figure:
    """The histogram of finite values, with a logarithmic axis of counts."""
    finite = array[np.isfinite(array)].astype(np.float64)
    counts, edges = np.histogram(finite, BINS)
    figure = go.Figure(
        go.Bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            width=np.diff(edges),
            marker_color=ORDINARY,
            hovertemplate="around %{x:.4g}: %{y:,}<extra></extra>",
        )
    )
    figure.update_layout(bargap=0.02)
    figure.update_xaxes(title="value")
    figure.update_yaxes(title="count", type="log", dtick=1)
    return laid_out(figure, height)


def over_steps(history: Mapping[int, TensorFacts], chosen: int, *, height: int = 260) -> go.Figure:
    """Mean and range of one tensor in every step that has it."""
    steps = list(history)
    figure = go.Figure(
        [
            go.Scatter(
                x=[*steps, *steps[::-1]],
                fill="toself",
                fillcolor="rgba(76,141,214,0.15)",
                y=[
                    *(f.maximum for f in history.values()),
                    *(history[s].minimum for s in steps[::-1]),
                ],
                line={"width": 0},
                hoverinfo="skip",
                name="range",
                mode="lines",
            ),
            go.Scatter(
                x=steps,
                y=[facts.mean for facts in history.values()],
                name="mean",
                mode="lines+markers",
                line={"color": ORDINARY},
                marker={"size": [12 if step == chosen else 6 for step in steps]},
                hovertemplate="step %{x}: mean %{y:.4g}<extra></extra>",
            ),
        ]
    )
    figure.add_vline(x=chosen, line={"color": MUTED, "dash": "dot"})
    figure.update_xaxes(title="step", tickformat="d")
    figure.update_yaxes(title="value")
    figure.update_layout(legend={"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0})
    return laid_out(figure, height)


def _finite_range(array: Array) -> tuple[float, float]:
    finite = array[np.isfinite(array)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
