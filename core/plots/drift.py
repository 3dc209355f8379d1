"""The stream detector's evidence over time, growing towards its alarm line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10

import plotly.graph_objects as go

from core.plots.base import ALARM, ORDINARY, laid_out
from core.records.drift import EvidencePoint
from core.records.window import Window
from core.thumbnails import MUTED

COLOURS = (ORDINARY, "#d98c1f")  # of the channels that decide
LEAST = 0.1  # evidence that is shown; it begins with less


def evidence(
    points: Sequence[EvidencePoint],
    line: float,
    window: Window,
    *,
    channels: Mapping[str, bool],
    height: int = 260,
) -> go.Figure:
    """A curve for each channel, on a logarithmic scale, the alarm line in red.

    channels: name -> whether it decides; the others stand behind, grey. points: in order of time.
    """
    figure = go.Figure()
    colours = iter(COLOURS)
    for name, decides in channels.items():
        own = [point for point in points if point.channel == name]
        figure.add_scatter(
            x=[point.at for point in own],
            y=[max(LEAST, point.evidence) for point in own],
            name=name if decides else f"{name}, for comparison",
            mode="lines+markers",
            marker_size=4,
            line={"color": next(colours) if decides else MUTED, "width": 2 if decides else 1},
            hovertemplate="%{x|%H:%M:%S}<br>evidence %{y:,.3g}<extra>%{fullData.name}</extra>",
        )
    figure.add_hline(
        y=line,
        line={"color": ALARM, "dash": "dash", "width": 2},
        annotation={"text": f"alarm at {line:,.0f}", "font": {"color": ALARM}},
        annotation_position="top left",
    )
    top = max([line, *(point.evidence for point in points)])
    figure.update_yaxes(
        type="log",
        range=[log10(LEAST), log10(top) + 0.6],
        dtick=1,
        tickformat=",~g",
        title="evidence",
    )
    figure.update_xaxes(range=[window.start, window.end], title="time (UTC)")
    figure.update_layout(legend={"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0})
    return laid_out(figure, height)
