"""The drift detector's e-value over time, growing towards its alarm threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10

import plotly.graph_objects as go

from core.plots.base import ALARM, ORDINARY, laid_out
from core.records.drift import EValuePoint
from core.records.window import Window
from core.thumbnails import MUTED

COLOURS = (ORDINARY, "#d98c1f")  # of the channels that decide
LEAST = 0.1  # the smallest e-value that is shown; it begins with less


def e_values(
    points: Sequence[EValuePoint],
    threshold: float,
    window: Window,
    *,
    channels: Mapping[str, bool],
    height: int = 260,
) -> go.Figure:
    """A curve for each channel, on a logarithmic scale, the alarm threshold in red.

    Parameters
    ----------
    points
        In order of time.
    threshold
        A, where every channel alarms.
    window
        The time axis.
    channels
        Name -> whether it decides; the others stand behind, grey.
    height
        In pixels.
    """
    figure = go.Figure()
    colours = iter(COLOURS)
    for name, decides in channels.items():
        own = [point for point in points if point.channel == name]
        figure.add_scatter(
            x=[point.at for point in own],
            y=[max(LEAST, point.e_value) for point in own],
            name=name if decides else f"{name}, for comparison",
            mode="lines+markers",
            marker_size=4,
            line={"color": next(colours) if decides else MUTED, "width": 2 if decides else 1},
            hovertemplate="%{x|%H:%M:%S}<br>e-value %{y:,.3g}<extra>%{fullData.name}</extra>",
        )
    figure.add_hline(
        y=threshold,
        line={"color": ALARM, "dash": "dash", "width": 2},
        annotation={"text": f"alarm at {threshold:,.0f}", "font": {"color": ALARM}},
        annotation_position="top left",
    )
    top = max([threshold, *(point.e_value for point in points)])
    figure.update_yaxes(
        type="log",
        range=[log10(LEAST), log10(top) + 0.6],
        dtick=1,
        tickformat=",~g",
        title="e-value",
    )
    figure.update_xaxes(range=[window.start, window.end], title="time (UTC)")
    figure.update_layout(legend={"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0})
    return laid_out(figure, height)
