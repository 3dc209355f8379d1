"""Backtests as Plotly figures; colours read on light and dark pages alike."""

from __future__ import annotations

import plotly.graph_objects as go

from core.plots.base import ALARM, ORDINARY, laid_out
from core.records.backtest import Replayed
from core.records.monitoring import RuleState
from core.records.plain_text import html
from core.thumbnails import MUTED

NAMES = {
    RuleState.HOLDS: ("holds", ORDINARY, "circle"),
    RuleState.VIOLATED: ("alarm", ALARM, "diamond"),
    RuleState.NOT_COMPUTED: ("not computed", MUTED, "line-ns-open"),
}


def figure_over_time(replayed: Replayed, parameter: str, *, height: int = 320) -> go.Figure:
    """The rule's figure at the end of each window, its parameter as a line, alarms in red.

    Windows of which nothing could be computed are ticks at the bottom.
    """
    ends, found = replayed.windows.ends, replayed.outcomes
    figure = go.Figure(
        go.Scatter(
            x=ends,
            y=[each.figure for each in found],
            mode="lines",
            connectgaps=False,
            line={"color": MUTED, "width": 1},
            showlegend=False,
            hoverinfo="skip",
        )
    )
    for state, (name, colour, symbol) in NAMES.items():
        chosen = [k for k, each in enumerate(found) if each.state is state]
        if chosen:
            figure.add_scatter(
                x=[ends[k] for k in chosen],
                y=[found[k].figure or 0.0 for k in chosen],
                name=name,
                mode="markers",
                customdata=[html(found[k].sentence) for k in chosen],
                marker={"color": colour, "symbol": symbol, "size": 9 if colour == ALARM else 6},
                hovertemplate="window until %{x}<br>%{customdata}<extra></extra>",
            )
    threshold = found[0].threshold
    figure.add_hline(
        y=threshold,
        line={"color": ALARM, "dash": "dash", "width": 2},
        annotation={"text": f"{parameter} {threshold:g}", "font": {"color": ALARM}},
        annotation_position="top right",
    )
    figure.update_xaxes(title="end of the window (UTC)")
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(legend={"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0})
    return laid_out(figure, height)
