"""A baseline as a figure."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from core.labels import class_name
from core.plots.base import ALARM, ORDINARY, laid_out


def counts_by_class(counts: Mapping[int, int], classes: int, *, height: int = 420) -> go.Figure:
    """Predictions by class, every class with its name; those that were never seen with a red 0.

    Parameters
    ----------
    counts
        Class id -> predictions.
    classes
        Size of the label set.
    height
        In pixels.
    """
    names = [class_name(class_id) for class_id in range(classes)]
    found = [counts.get(class_id, 0) for class_id in range(classes)]
    figure = go.Figure(
        go.Bar(
            x=names,
            y=found,
            marker_color=ORDINARY,
            text=["" if count else "0" for count in found],
            textposition="outside",
            textfont={"color": ALARM, "size": 13},
            hovertemplate="%{x}<br>%{y:,} predictions<extra></extra>",
        )
    )
    figure.update_xaxes(tickangle=-90, tickfont={"size": 11}, automargin=True)
    figure.update_yaxes(title="predictions", rangemode="tozero")
    return laid_out(figure, height)
