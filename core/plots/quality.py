"""Model quality as Plotly figures; colours read on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.labels import class_name
from core.plots.base import ALARM, ORDINARY, laid_out

FEW = 12  # classes that leave room for names beside the chart and counts in it
ROW, LARGE_ROW = 13, 30  # height in pixels of a class among many, and among few
FRAME = 70
NAMES = 120  # height in pixels of names that stand under a chart


def confusion_heat_map(matrix: NDArray[np.int64], classes: Sequence[int]) -> go.Figure:
    """(classes, classes) counts, rows the true class, columns the predicted one.

    Colours show shares of the true class: mistakes red, the worst of them full; right ones in pale
    blue, so that a mistake in a hundred still stands out.
    """
    few = len(classes) <= FEW
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    right = np.eye(len(classes), dtype=bool)
    worst = max(float(np.where(right, 0, shares).max()), 1e-9)
    # The scale runs from -1 (all right) over 0 (none) to 1 (the worst mistake).
    colours = np.where(right, -shares, shares / worst)
    names = [class_name(class_id) for class_id in classes]
    hover = [
        [
            f"{truth}<br>predicted {seen}<br>{n:,} predictions, {share:.1%} of the true class"
            for seen, n, share in zip(names, counts, line, strict=True)
        ]
        for truth, counts, line in zip(names, matrix.tolist(), shares.tolist(), strict=True)
    ]
    places = list(range(len(classes)))
    figure = go.Figure(
        go.Heatmap(
            z=colours,
            x=places,
            y=places,
            zmin=-1,
            zmax=1,
            showscale=False,
            xgap=1,
            ygap=1,
            colorscale=_mistakes_stand_out(),
            text=[[f"{n:,}" if n else "" for n in line] for line in matrix.tolist()],
            texttemplate="%{text}" if few else None,
            customdata=hover,
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    ticks = {
        "tickmode": "array",
        "tickvals": places,
        "automargin": True,
        "ticktext": names if few else list(map(str, classes)),
        "tickfont": {"size": 12 if few else 9},
    }
    figure.update_xaxes(title="predicted class", tickangle=-45 if few else 0, **ticks)
    figure.update_yaxes(title="true class", autorange="reversed", **ticks)
    height = FRAME + NAMES * few + (LARGE_ROW if few else ROW) * len(classes)
    return laid_out(figure, max(height, 240))


def _faint(colour: str) -> str:
    """The colour `#rrggbb`, a third of it."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.35)"


def _mistakes_stand_out() -> list[tuple[float, str]]:
    """From right (pale blue) over none (nearly clear) to the worst mistake (red)."""
    none = "rgba(128,128,128,0.08)"
    return [(0, _faint(ORDINARY)), (0.499, none), (0.5, none), (0.501, _faint(ALARM)), (1, ALARM)]
