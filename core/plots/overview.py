"""What the Overview shows besides counts: confidence over time, and runs as a strip."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import plotly.graph_objects as go

from core.plots.base import ALARM, ORDINARY, laid_out
from core.records.monitoring import ConfidenceAt, Execution, ExecutionStatus
from core.records.plain_text import html
from core.thumbnails import MUTED

STRIP_COLOURS = {
    ExecutionStatus.COMPLETED: "#2f9e6b",
    ExecutionStatus.COMPLETED_WITH_VIOLATIONS: ALARM,
}

# What a square says without its colour.
STRIP_SIGNS = {
    ExecutionStatus.COMPLETED: "✓",
    ExecutionStatus.COMPLETED_WITH_VIOLATIONS: "!",
    ExecutionStatus.IN_PROGRESS: "…",
}


def confidence_over_time(
    found: Sequence[ConfidenceAt],
    *,
    low: float,
    expected: float | None,
    window: tuple[datetime, ...],
    height: int = 220,
) -> go.Figure:
    """Mean confidence by time, and the share of predictions below `low` as bars.

    Parameters
    ----------
    found
        One entry a bucket of time.
    low
        The confidence below which a prediction is unsure, in [0, 1].
    expected
        The baseline's mean confidence, as a line; None without one.
    window
        (start, end) of the time axis.
    height
        In pixels.
    """
    times = [each.start for each in found]
    figure = go.Figure(
        [
            go.Bar(
                x=times,
                y=[each.unsure / each.count for each in found],
                name=f"share below {low:.0%}",
                marker_color=MUTED,
                opacity=0.6,
                customdata=[each.unsure for each in found],
                hovertemplate="%{y:.1%} (%{customdata:,}) below " + f"{low:.0%}<extra></extra>",
            ),
            go.Scatter(
                x=times,
                y=[each.mean for each in found],
                name="mean confidence",
                mode="lines+markers",
                line={"color": ORDINARY, "width": 2},
                marker={"size": 5},
                hovertemplate="%{y:.2%} on average<extra></extra>",
            ),
        ]
    )
    if expected is not None:
        figure.add_hline(
            y=expected,
            line={"color": MUTED, "dash": "dot", "width": 2},
            annotation={"text": f"baseline {expected:.1%}"},
            annotation_position="bottom right",
        )
    figure.update_yaxes(range=[0, 1.05], tickformat=".0%")
    figure.update_xaxes(title="time (UTC)", range=list(window))
    figure.update_layout(
        hovermode="x unified", legend={"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0}
    )
    return laid_out(figure, height)


def executions_strip(executions: Sequence[Execution], *, height: int = 84) -> go.Figure:
    """Runs of the monitor, newest first, as a strip with the oldest to the left.

    Green and ✓ without violations, red and ! with them, grey and ? where nothing was evaluated.
    The last of a square's `customdata` is the id of its run.
    """
    ordered = executions[::-1]
    figure = go.Figure(
        go.Bar(
            x=list(range(len(ordered))),
            y=[1] * len(ordered),
            width=0.86,
            marker_color=[STRIP_COLOURS.get(each.status, MUTED) for each in ordered],
            text=[STRIP_SIGNS.get(each.status, "?") for each in ordered],
            textangle=0,
            textposition="inside",
            insidetextanchor="middle",
            insidetextfont={"color": "#ffffff", "size": 16},
            customdata=[
                [
                    f"{each.started_at:%Y-%m-%d %H:%M:%S}",
                    html(each.message),
                    f"{each.figures.total:,} predictions" if each.figures else "not evaluated",
                    each.execution_id,
                ]
                for each in ordered
            ],
            hovertemplate="%{customdata[0]} UTC<br>%{customdata[1]}<br>"
            "%{customdata[2]}<extra></extra>",
        )
    )
    ends = sorted({0, len(ordered) - 1})
    figure.update_xaxes(
        tickvals=ends,
        ticktext=[f"{ordered[end].started_at:%m-%d %H:%M}" for end in ends],
        range=[-0.6, max(len(ordered), 12) - 0.4],
        showgrid=False,
    )
    figure.update_yaxes(visible=False, range=[0, 1], fixedrange=True)
    figure = laid_out(figure, height)
    figure.update_layout(margin={"t": 4, "b": 24})
    return figure
