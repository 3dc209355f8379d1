"""Rules over windows of the past: the outcomes of each, and the windows with alarms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import BadInput
from core.monitoring.rules import WindowRule
from core.monitoring.rules.in_force import Against, outcome, outcomes
from core.records.backtest import Ints, PastCounts, Replayed, Windows
from core.records.monitoring import WindowFigures

MAX_BINS = 20_000_000  # edges of windows x classes that are held at a time


def window_figures(windows: Windows, counts: PastCounts) -> list[WindowFigures]:
    """What each window held, by differences of cumulative counts; raises BadInput.

    Only what rules look at: neither confidence nor flags.
    """
    places = np.array(list(windows.places()), dtype=np.int64)  # (windows, 2)
    edges = np.unique(places)
    step, class_ids, n = counts.predictions
    classes, columns = np.unique(class_ids, return_inverse=True)
    if len(edges) * len(classes) > MAX_BINS:
        raise BadInput(
            f"{len(classes):,} classes in {len(windows):,} windows are too many to replay: choose "
            "one endpoint, or fewer windows"
        )
    begin, end = np.searchsorted(edges, places).T
    by_class = _cumulative(edges, step, columns, n, len(classes))
    in_windows = by_class[end] - by_class[begin]  # (windows, classes)
    step, n = counts.unreadable
    unreadable = _cumulative(edges, step, np.zeros_like(step), n, 1)
    unread = (unreadable[end] - unreadable[begin])[:, 0]
    return [
        WindowFigures(
            int(line.sum()) + bad,
            {int(classes[k]): int(line[k]) for k in np.flatnonzero(line)},
            None,
            None,
            None,
            bad,
        )
        for line, bad in zip(in_windows, unread.tolist(), strict=True)
    ]


def _cumulative(edges: Ints, steps: Ints, columns: Ints, n: Ints, width: int) -> Ints:
    """(edges, width): how many lie before each edge, by column; all of them behind the first."""
    slots = np.searchsorted(edges, steps, side="right")
    bins = np.bincount(slots * width + columns, weights=n, minlength=(len(edges) + 1) * width)
    table = bins.astype(np.int64).reshape(len(edges) + 1, width)
    return np.cumsum(table, axis=0)[:-1]


def replay(
    rule: WindowRule, windows: Windows, figures: Sequence[WindowFigures], against: Against
) -> Replayed:
    """One rule over all windows, as runs evaluate it."""
    return Replayed(windows, tuple(outcome(rule, each, against) for each in figures))


def alarms(figures: Sequence[WindowFigures], against: Against, threshold: float) -> tuple[int, ...]:
    """The places of the windows in which a rule that decides is violated."""
    return tuple(
        place
        for place, each in enumerate(figures)
        if any(found.decides and found.violations for found in outcomes(each, against, threshold))
    )
