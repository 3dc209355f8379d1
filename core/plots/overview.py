"""The Overview's charts as options of Apache ECharts, which moves a chart instead of replacing it.

Shares are in per cent, as its templates cannot compute them. Times are UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.labels import all_labels, class_name
from core.records.drift import EValuePoint
from core.records.monitoring import ConfidenceAt, Execution, ExecutionStatus, WindowFigures
from core.records.window import Window

Option = dict[str, Any]
MOST_FOREIGN = 12  # classes outside the label set, in a chart
FEWEST_RUNS = 24  # that a strip has room for
LEAST_E = 0.1  # the smallest e-value that is shown; it begins with less
ICON = 18  # side of a class's image below its bar, in pixels
NARROW = 700  # pixels, below which only some classes have room for theirs
UPDATE = 250  # milliseconds in which a chart moves to new values


@dataclass(frozen=True)
class Palette:
    """Colours that read on a background: AA for text, distinct whatever one's colour vision."""

    ordinary: str
    alarm: str
    good: str
    other: str
    muted: str
    text: str


LIGHT = Palette("#2f75bd", "#c2262e", "#1f8a66", "#b45f06", "#aeb8c3", "#4a5663")
DARK = Palette("#5aa2ea", "#ff7d80", "#43b581", "#f0a04b", "#5d6b7a", "#aeb9c5")
MARKS = {
    ExecutionStatus.COMPLETED: ("✓", "good"),
    ExecutionStatus.COMPLETED_WITH_VIOLATIONS: ("!", "alarm"),
}


def frequencies(
    figures: WindowFigures,
    threshold: float,
    colours: Palette,
    *,
    baseline: Mapping[int, int],
    icons: Mapping[int, str],
    question: int | None = None,
    by_change: bool = False,
) -> Option:
    """Share of the window by class beside the baseline's, the threshold as a line.

    Classes outside the label set (imported captures) follow, the MOST_FOREIGN largest.

    Parameters
    ----------
    threshold
        Largest share of one class, in (0, 1]; classes above it are red and named.
    baseline
        Class id -> predictions; empty without one.
    icons
        Class id -> URL of its image; a class without one shows its number.
    question
        A class that is red and named besides, as an alarm names it.
    by_change
        The classes that are furthest from the baseline first, instead of by number.
    """
    shares, total = figures.shares(), sum(baseline.values())
    own = [label.class_id for label in all_labels()]
    classes = [*own, *[class_id for class_id in shares if class_id not in own][:MOST_FOREIGN]]
    expected = {k: baseline.get(k, 0) / total if total else 0.0 for k in classes}
    if by_change:
        classes.sort(key=lambda k: -abs(shares.get(k, 0.0) - expected[k]))
    top = 100 * max([threshold, *shares.values(), *expected.values()])
    red = {k for k in classes if shares.get(k, 0.0) > threshold or k == question}
    beside = {k: f"{expected[k]:.2%} of the baseline" if total else "no baseline" for k in classes}
    bars = [
        _class_bar(k, shares.get(k, 0.0), figures.counts.get(k, 0), beside[k], colours, k in red)
        for k in classes
    ]
    series: list[Option] = [
        {
            "type": "bar",
            "name": "window",
            "id": "window",
            "barWidth": "50%",
            "dimensions": ["class", "share", "name", "found", "expected"],
            "encode": {"x": 0, "y": 1},
            "color": colours.ordinary,
            "data": bars,
            "z": 3,
            "markLine": _line(100 * threshold, f"threshold {threshold:.0%}", colours.alarm),
        }
    ]
    if total:
        series.append(_baseline_bars([expected[k] for k in classes], colours))
    names = [str(class_id) for class_id in classes]
    labels = [
        {"value": name, "textStyle": _icon(icons[class_id])} if class_id in icons else name
        for name, class_id in zip(names, classes, strict=True)
    ]
    return _laid_out(
        colours,
        {
            "grid": {
                "left": 4,
                "right": 4,
                "top": 40 if total else 16,
                "bottom": ICON,
            },
            "legend": {"show": bool(total), "left": 0, "top": 0},
            "tooltip": {
                "trigger": "axis",
                "axisPointer": {"type": "shadow"},
                "formatter": "<b>{@name}</b><br>{@found}<br>{@expected}",
            },
            "xAxis": [
                {
                    "type": "category",
                    "data": labels,
                    "axisTick": {"show": False},
                    "axisLabel": {"interval": 0 if icons else "auto", "margin": 6},
                },
                {"type": "category", "data": names, "show": False},
            ],
            "yAxis": {
                "type": "value",
                "max": min(112, round(top * 1.2, 1)),
                "axisLabel": {"formatter": "{value} %", "showMaxLabel": False},
            },
            "series": series,
            "media": [
                {
                    "query": {"maxWidth": NARROW},
                    "option": {"xAxis": [{"axisLabel": {"interval": 3}}]},
                }
            ],
        },
    )


def _class_bar(
    class_id: int, share: float, count: int, beside: str, colours: Palette, red: bool
) -> Option:
    """The bar of a class, and what its tooltip says; beside: of the baseline."""
    name = class_name(class_id)
    found = f"{share:.2%} of the window ({count:,} predictions)"
    return {
        "value": [str(class_id), round(100 * share, 3), name, found, beside],
        "itemStyle": {"color": colours.alarm if red else colours.ordinary},
        "label": {
            "show": red,
            "position": "top",
            "formatter": f"{name}: {share:.1%}",
            "color": colours.alarm,
            "fontWeight": "bold",
            "fontSize": 14,
        },
    }


def _baseline_bars(expected: Sequence[float], colours: Palette) -> Option:
    """Wide bars behind, on an axis of their own, as those of one axis stand side by side."""
    return {
        "type": "bar",
        "name": "baseline",
        "id": "baseline",
        "xAxisIndex": 1,
        "barWidth": "90%",
        "color": colours.muted,
        "data": [round(100 * each, 3) for each in expected],
        "silent": True,
        "z": 2,
    }


def confidence(
    found: Sequence[ConfidenceAt],
    colours: Palette,
    *,
    low: float,
    expected: float | None,
    window: Window,
) -> Option:
    """Mean confidence over time, and the share of predictions below `low` as bars.

    Parameters
    ----------
    low
        The confidence below which a prediction is unsure, in [0, 1].
    expected
        The baseline's mean confidence, as a line; None without one.
    """
    unsure = [[_iso(each.start), round(100 * each.unsure / each.count, 2)] for each in found]
    mean = [[_iso(each.start), round(100 * each.mean, 2)] for each in found]
    line: Option = {
        "type": "line",
        "name": "mean confidence",
        "id": "mean",
        "color": colours.ordinary,
        "symbolSize": 5,
        "data": mean,
    }
    if expected is not None:
        line["markLine"] = _line(100 * expected, f"baseline {expected:.1%}", colours.text)
    return _over_time(
        colours,
        window,
        [
            {
                "type": "bar",
                "name": f"below {low:.0%}",
                "id": "unsure",
                "color": colours.muted,
                "barMaxWidth": 14,
                "data": unsure,
            },
            line,
        ],
        axis={"max": 100, "axisLabel": {"formatter": "{value} %"}},
        values="%.1f %%",
    )


def traffic(
    counts: Sequence[tuple[datetime, int, int]],
    colours: Palette,
    *,
    bucket_seconds: int,
    window: Window,
) -> Option:
    """Predictions over time, the most predicted class apart from the rest.

    Parameters
    ----------
    counts
        (start of the bucket, class id, predictions), one or more.
    """
    totals: dict[int, int] = {}
    everything: dict[datetime, int] = {}
    for start, class_id, count in counts:
        totals[class_id] = totals.get(class_id, 0) + count
        everything[start] = everything.get(start, 0) + count
    leader = max(totals, key=lambda class_id: totals[class_id])
    leading = {start: count for start, class_id, count in counts if class_id == leader}
    shown = {"type": "bar", "stack": "predictions", "barMaxWidth": 14}
    return _over_time(
        colours,
        window,
        [
            shown
            | {
                "name": class_name(leader),
                "id": "leader",
                "color": colours.other,
                "data": [[_iso(start), leading.get(start, 0)] for start in sorted(everything)],
            },
            shown
            | {
                "name": "all other classes",
                "id": "rest",
                "color": colours.muted,
                "data": [
                    [_iso(start), everything[start] - leading.get(start, 0)]
                    for start in sorted(everything)
                ],
            },
        ],
        axis={"minInterval": 1, "name": f"per {bucket_seconds} s"},
    )


def e_values(
    points: Sequence[EValuePoint],
    threshold: float,
    colours: Palette,
    window: Window,
    *,
    channels: Mapping[str, bool],
) -> Option:
    """A curve for each channel of the drift detector, on a logarithmic scale, up to its alarm.

    Parameters
    ----------
    points
        In order of time.
    threshold
        A, where every channel alarms.
    channels
        Name -> whether it decides; the others are grey.
    """
    own = iter((colours.ordinary, colours.other))
    series: list[Option] = [
        {
            "type": "line",
            "name": name if decides else f"{name}, for comparison",
            "id": name,
            "color": next(own) if decides else colours.muted,
            "symbolSize": 4,
            "data": [
                [_iso(point.at), float(f"{max(LEAST_E, point.e_value):.4g}")]
                for point in points
                if point.channel == name
            ],
        }
        for name, decides in channels.items()
    ]
    if series:
        series[0]["markLine"] = _line(threshold, f"alarm at {threshold:,.0f}", colours.alarm)
    top = max([threshold, *(point.e_value for point in points)])
    axis = {"type": "log", "min": LEAST_E, "max": float(f"{4 * top:.0e}"), "name": "e-value"}
    return _over_time(colours, window, series, axis=axis)


def runs(executions: Sequence[Execution], colours: Palette, *, clickable: bool = False) -> Option:
    """Runs of the monitor as a strip, given newest first and shown oldest first.

    Each has a sign beside its colour: a tick without violations, ! with them, a dash otherwise.
    clickable: whether one of them can be selected.
    """
    ordered = executions[::-1]
    data = []
    for place, each in enumerate(ordered):
        sign, colour = MARKS.get(each.status, ("–", "muted"))
        counted = f"{each.figures.total:,} predictions" if each.figures else "not evaluated"
        data.append(
            {
                "value": [
                    place,
                    1,
                    f"{each.started_at:%Y-%m-%d %H:%M:%S} UTC",
                    each.message,
                    counted,
                ],
                "itemStyle": {"color": getattr(colours, colour)},
                "label": {"show": True, "position": "inside", "formatter": sign, "color": "#fff"},
            }
        )
    option = _laid_out(
        colours,
        {
            "tooltip": {"trigger": "item", "formatter": "{@at}<br>{@message}<br>{@counted}"},
            "xAxis": {
                "type": "category",
                "show": False,
                "data": list(range(max(FEWEST_RUNS, len(ordered)))),
            },
            "yAxis": {"type": "value", "show": False, "max": 1},
            "series": [
                {
                    "type": "bar",
                    "id": "runs",
                    "barWidth": "86%",
                    "barMaxWidth": 40,
                    "selectedMode": "single" if clickable else False,
                    "dimensions": ["place", "height", "at", "message", "counted"],
                    "encode": {"x": 0, "y": 1},
                    "data": data,
                }
            ],
        },
    )
    return option | {"grid": {"left": 0, "right": 0, "top": 2, "bottom": 2}}


def _over_time(
    colours: Palette,
    window: Window,
    series: list[Option],
    *,
    axis: Option,
    values: str = "localized",
) -> Option:
    """Series on the time axis of a window; values: how the tooltip writes a value."""
    return _laid_out(
        colours,
        {
            "useUTC": True,
            "legend": {"left": 0, "top": 0, "type": "scroll"},
            "tooltip": {"trigger": "axis", "valueFormatter": values},
            "xAxis": {"type": "time", "min": _iso(window.start), "max": _iso(window.end)},
            "yAxis": {"type": "value", "nameLocation": "end", "nameGap": 10} | axis,
            "series": series,
        },
    )


def _laid_out(colours: Palette, option: Option) -> Option:
    shared = {
        "textStyle": {"color": colours.text},
        "animationDuration": 0,
        "animationDurationUpdate": UPDATE,
        "grid": {"left": 4, "right": 12, "top": 52, "bottom": 4, "containLabel": True},
    }
    return shared | option


def _line(value: float, text: str, colour: str) -> Option:
    return {
        "symbol": "none",
        "silent": True,
        "lineStyle": {"color": colour, "type": "dashed", "width": 2},
        "label": {"formatter": text, "color": colour, "position": "insideEndTop"},
        "data": [{"yAxis": value}],
    }


def _icon(url: str) -> Option:
    """A label that is its image; the number that it stands for is not drawn."""
    return {
        "color": "transparent",
        "fontSize": 1,
        "width": ICON,
        "height": ICON,
        "lineHeight": ICON,
        "backgroundColor": {"image": url},
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
