"""Class frequencies and top classes as figures; what all charts share.

Colours read on light and dark pages alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from core.labels import all_labels, class_name
from core.records.captures import Prediction
from core.records.monitoring import WindowFigures
from core.thumbnails import MUTED

ORDINARY = "#4c8dd6"
ALARM = "#e5484d"
MOST_FOREIGN = 12  # classes outside the label set, in a chart


def class_frequencies(
    figures: WindowFigures,
    threshold: float,
    *,
    baseline: Mapping[int, int] | None = None,
    height: int = 360,
) -> go.Figure:
    """Share of the window by class, the threshold as a line; classes above it in red.

    Classes outside the label set (imported captures) follow, the MOST_FOREIGN largest.

    Parameters
    ----------
    figures
        Counts of the window.
    threshold
        Largest share of one class, in (0, 1].
    baseline
        Class id -> predictions, whose shares stand behind the window's, wide and grey.
    height
        In pixels.
    """
    shares = figures.shares()
    own = [label.class_id for label in all_labels()]
    foreign = [class_id for class_id in shares if class_id not in own][:MOST_FOREIGN]
    classes = [*own, *foreign]
    places = {class_id: place for place, class_id in enumerate(classes)}
    values = [shares.get(class_id, 0.0) for class_id in classes]
    figure = go.Figure(
        go.Bar(
            x=list(places.values()),
            y=values,
            name="window",
            marker_color=[ALARM if value > threshold else ORDINARY for value in values],
            customdata=[[class_name(k), figures.counts.get(k, 0)] for k in classes],
            hovertemplate="%{customdata[0]}<br>%{y:.2%} of the window "
            "(%{customdata[1]:,} predictions)<extra></extra>",
        )
    )
    expected = [0.0]
    if baseline:
        expected = [baseline.get(class_id, 0) / sum(baseline.values()) for class_id in classes]
        _put_behind(figure, expected, [class_name(k) for k in classes])
    _draw_threshold(figure, threshold)
    above = {places[k]: k for k, share in shares.items() if share > threshold and k in places}
    for place, class_id in above.items():
        figure.add_annotation(
            x=place,
            y=shares[class_id],
            text=f"<b>{class_name(class_id)}: {shares[class_id]:.1%}</b>",
            showarrow=False,
            yshift=12,
            font={"color": ALARM, "size": 15},
        )
    top = max([threshold, *values, *expected])
    figure.update_yaxes(
        tickformat=".0%", range=[0, min(1.12, top * 1.2)], title="share of predictions"
    )
    ticks = [*range(0, len(own), 2), *(places[class_id] for class_id in foreign)]
    figure.update_xaxes(
        title="predicted class",
        tickvals=ticks,
        ticktext=[str(classes[tick]) for tick in ticks],
        range=[-0.8, len(classes) - 0.2],
    )
    return laid_out(figure, height)


def _draw_threshold(figure: go.Figure, threshold: float) -> None:
    figure.add_hline(
        y=threshold,
        line={"color": ALARM, "dash": "dash", "width": 2},
        annotation={"text": f"threshold {threshold:.0%}", "font": {"color": ALARM}},
        annotation_position="top right",
    )


def _put_behind(figure: go.Figure, expected: Sequence[float], names: Sequence[str]) -> None:
    """The baseline's shares as wide grey bars, the window's as narrow ones in front of them."""
    figure.update_traces(width=0.45)
    figure.add_bar(
        x=list(range(len(expected))),
        y=expected,
        name="baseline",
        marker_color=MUTED,
        opacity=0.55,
        width=0.95,
        customdata=names,
        hovertemplate="%{customdata}<br>%{y:.2%} of the baseline<extra></extra>",
    )
    figure.data = figure.data[::-1]
    figure.update_layout(
        barmode="overlay", legend={"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0}
    )


def top_classes(prediction: Prediction, *, height: int = 130) -> go.Figure:
    """The three most likely classes as bars with their probabilities."""
    top = prediction.top()[::-1]
    figure = go.Figure(
        go.Bar(
            x=[share for _, share in top],
            y=[class_name(class_id) for class_id, _ in top],
            orientation="h",
            marker_color=[MUTED, MUTED, ORDINARY][-len(top) :],
            text=[f"{share:.1%}" for _, share in top],
            textposition="auto",
            hovertemplate="%{y}: %{x:.2%}<extra></extra>",
        )
    )
    figure.update_xaxes(range=[0, 1], visible=False)
    figure.update_yaxes(automargin=True)
    return laid_out(figure, height)


def laid_out(figure: go.Figure, height: int) -> go.Figure:
    """The margins that every chart has."""
    figure.update_layout(height=height, margin={"l": 8, "r": 8, "t": 28, "b": 8})
    return figure
