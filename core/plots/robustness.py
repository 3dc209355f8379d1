"""The robustness report as Plotly figures; colours work on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from core.plots.base import ALARM, ORDINARY
from core.records.evaluation.robustness import BUDGETS, Robustness
from core.thumbnails import MUTED

COLOURS = (ORDINARY, ALARM, "#2f9e77", "#d98c1f", "#9467c9", MUTED)
MARKS = ("circle", "square", "diamond", "triangle-up", "x", "cross")  # distinct without colours


def accuracy_by_budget(report: Robustness, *, height: int = 340) -> go.Figure:
    """Accuracy by the largest change of a pixel; one line an attack."""
    places = ["none", *(f"{levels}/255" for levels in BUDGETS[1:])]
    lines = [(curve.title, curve.accuracy) for curve in report.curves]
    figure = _lines(places, lines, "%{y:.1%} correct at %{x}")
    figure.update_xaxes(title="largest change of a pixel")
    return _laid_out(figure, height)


def accuracy_by_severity(report: Robustness, *, height: int = 340) -> go.Figure:
    """Accuracy by severity of a corruption; one line a kind."""
    lines = [(each.title, each.accuracy) for each in report.corruptions]
    figure = _lines(["1", "2", "3", "4", "5"], lines, "%{y:.1%} correct at severity %{x}")
    figure.update_xaxes(title="severity")
    return _laid_out(figure, height)


def _lines(
    places: Sequence[str], lines: Sequence[tuple[str, Sequence[float]]], hover: str
) -> go.Figure:
    # Later lines are thinner, so that earlier ones stay visible beneath them.
    return go.Figure(
        [
            go.Scatter(
                x=places,
                y=values,
                name=name,
                mode="lines+markers",
                line={"color": COLOURS[n], "width": 5 - 0.7 * n},
                marker={"symbol": MARKS[n], "size": 14 - 1.5 * n},
                hovertemplate=f"{name}: {hover}<extra></extra>",
                cliponaxis=False,  # markers on 0 and 100 % are whole
            )
            for n, (name, values) in enumerate(lines)
        ]
    )


def _laid_out(figure: go.Figure, height: int) -> go.Figure:
    # Room for two lines of legend, so that the axes of both plots align.
    legend: dict[str, Any] = {"orientation": "h", "yanchor": "bottom", "y": 1.04, "x": 0}
    figure.update_layout(
        height=height, margin={"l": 8, "r": 12, "t": 68, "b": 8}, legend=legend, hovermode="closest"
    )
    figure.update_yaxes(tickformat=".0%", range=[0, 1], title="accuracy", zeroline=False)
    figure.update_xaxes(type="category")
    return figure
