"""Attack results as Plotly figures and images; colours read on light and dark pages."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.labels import class_name
from core.plots.base import ALARM, ORDINARY, laid_out
from core.records.attacks import LEVELS, AttackedImage, Rate
from core.thumbnails import MUTED

ROW = 24  # height in pixels of a class in a chart
FRAME = 110
MOST_NAMES = 12  # columns under which there is room for names


def path(result: AttackedImage, *, height: int = 260) -> go.Figure:
    """Confidence of the true class, and of what the attack aims at, by step.

    Needs `result.path`, (points, 3): step, confidence of the true class, of the goal.
    """
    points = np.asarray(result.path)
    goal = "strongest wrong class" if result.plan.target is None else result.plan.goal
    names = (class_name(result.label), goal)
    figure = go.Figure(
        [
            go.Scatter(
                x=points[:, 0],
                y=points[:, column],
                name=name,
                line={"color": colour, "width": 3},
                mode="lines+markers",
                hovertemplate="%{y:.1%} after %{x} steps",
            )
            for column, name, colour in zip((1, 2), names, (ORDINARY, ALARM), strict=True)
        ]
    )
    figure.update_yaxes(tickformat=".0%", range=[-0.03, 1.03], title="confidence")
    # Steps are whole numbers; a chart has room for some ten of them.
    figure.update_xaxes(title="step", rangemode="tozero", tick0=0, dtick=_stride(points[-1, 0]))
    figure.update_layout(
        hovermode="x unified", legend={"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0}
    )
    return laid_out(figure, height)


def _stride(last: float) -> int:
    """Steps from one tick to the next: 1, 2 or 5 times a power of ten."""
    strides = (k * 10**power for power in range(9) for k in (1, 2, 5))
    return int(next(stride for stride in strides if last <= 10 * stride))


def success_by_class(rates: Mapping[int, Rate]) -> go.Figure:
    """Share of the counting images of each class that is misclassified, before and after saving."""
    classes = list(rates)[::-1]
    names = [class_name(k) for k in classes]
    figure = go.Figure()
    for name, colour, counts in (
        ("saved as PNG", ALARM, [rates[k].saved for k in classes]),
        ("before rounding", MUTED, [rates[k].before_rounding for k in classes]),
    ):
        totals = [rates[k].eligible for k in classes]
        figure.add_bar(
            x=[n / of for n, of in zip(counts, totals, strict=True)],
            y=names,
            orientation="h",
            name=name,
            marker_color=colour,
            customdata=list(zip(counts, totals, strict=True)),
            hovertemplate="%{y}, " + name + ": %{customdata[0]} of %{customdata[1]}<extra></extra>",
        )
    figure.update_xaxes(tickformat=".0%", range=[0, 1], title="misclassified")
    figure.update_yaxes(automargin=True)
    figure.update_layout(
        barmode="group",
        bargap=0.25,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0, "traceorder": "reversed"},
    )
    return laid_out(figure, FRAME + ROW * len(classes))


def confusion_matrix(confusions: Mapping[tuple[int, int], int]) -> go.Figure:
    """Counts by true class (rows) and the class predicted for the saved image (columns).

    Misclassified images are red; correct ones are blue, below 0 on the colour scale.
    """
    rows = sorted({source for source, _ in confusions})[::-1]
    columns = sorted({predicted for _, predicted in confusions})
    counts = [[confusions.get((row, column), 0) for column in columns] for row in rows]
    signed = [
        [-n if row == column else n for column, n in zip(columns, line, strict=True)]
        for row, line in zip(rows, counts, strict=True)
    ]
    largest = max(confusions.values())
    few = len(columns) <= MOST_NAMES
    figure = go.Figure(
        go.Heatmap(
            z=signed,
            x=[class_name(k) for k in columns],
            y=[class_name(k) for k in rows],
            zmin=-largest,
            zmax=largest,
            showscale=False,
            xgap=1,
            ygap=1,
            colorscale=[[0, ORDINARY], [0.5, "rgba(128,128,128,0.08)"], [1, ALARM]],
            text=[[str(n) if n else "" for n in line] for line in counts],
            texttemplate="%{text}",
            hovertemplate="%{y} predicted as %{x}: %{text}<extra></extra>",
        )
    )
    figure.update_xaxes(
        title="prediction",
        tickangle=-45 if few else 0,
        automargin=True,
        type="category",
        tickvals=list(range(len(columns))),
        ticktext=[class_name(k) if few else str(k) for k in columns],
    )
    figure.update_yaxes(title="true class", automargin=True, type="category")
    return laid_out(figure, FRAME + 100 * few + ROW * len(rows))


def budget_preview(pixels: NDArray[np.uint8], epsilon: float, norm: str) -> NDArray[np.uint8]:
    """The image (height, width, 3) with noise that uses the whole budget: what it can look like.

    linf: every value up or down by epsilon; l2: the same noise, shortened to length epsilon.
    """
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=pixels.shape)
    size = epsilon if norm == "linf" else epsilon / np.sqrt(signs.size)
    return np.clip(np.rint(pixels + signs * size * LEVELS), 0, LEVELS).astype(np.uint8)
