"""How things stand now: the class above the threshold or alarmed, since when and from where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from core.records.drift import DriftAlarm
from core.records.monitoring import WindowFigures
from core.records.queries import CaptureFilter
from core.records.situation import ClassInQuestion, Situation
from core.records.window import Window
from core.store import CaptureLog

BUCKETS = 120  # stretches in which a rise is looked for
MOST_OF = 0.5  # a source is named from this share of the class on


def situation(
    log: CaptureLog,
    window: Window,
    figures: WindowFigures,
    threshold: float,
    *,
    baseline: Mapping[int, int],
    alarms: Sequence[DriftAlarm],
    drilled: int,
) -> Situation:
    """How the traffic of a window stands.

    Parameters
    ----------
    figures
        Of that window.
    threshold
        Largest share of one class, in (0, 1].
    baseline
        Class id -> predictions of the baseline; empty without one.
    alarms
        Those of the drift detector that stand.
    drilled
        Predictions of the window that a drill sent.
    """
    shares = figures.shares()

    def described(class_id: int, since: datetime | None) -> ClassInQuestion:
        total = sum(baseline.values())
        chosen = CaptureFilter(window=window, class_id=class_id)
        source, count = log.commonest_source(chosen)
        of_class = figures.counts.get(class_id, 0)
        return ClassInQuestion(
            class_id,
            shares.get(class_id, 0.0),
            baseline.get(class_id, 0) / total if total else None,
            since,
            source if of_class and count >= MOST_OF * of_class else None,
            log.count(CaptureFilter(window=window, class_id=class_id, flagged=True)),
        )

    above = None
    leader, share = next(iter(shares.items()), (0, 0.0))
    if share > threshold:
        seconds = max(1, round((window.end - window.start).total_seconds() / BUCKETS))
        counts = log.counts_over_time(window, seconds)
        above = described(leader, risen(counts, leader, threshold))
    naming = next((each for each in alarms if each.class_id is not None), None)
    named = None
    if above is None and naming is not None and naming.class_id is not None:
        named = described(naming.class_id, naming.at)
    return Situation(
        window,
        figures,
        threshold,
        above,
        tuple(each.description for each in alarms),
        named,
        drilled,
    )


def risen(
    counts: Sequence[tuple[datetime, int, int]], class_id: int, threshold: float
) -> datetime | None:
    """When a class rose above the threshold for the last time, and stayed there.

    Parameters
    ----------
    counts
        (start of a stretch, class id, predictions), the earliest first.

    Returns
    -------
    datetime or None
        Start of that stretch; None where it is the first that there is, so that the rise may have
        been before, and where the class is not above the threshold in the last one.
    """
    own: dict[datetime, int] = {}
    totals: dict[datetime, int] = {}
    for start, found, count in counts:
        totals[start] = totals.get(start, 0) + count
        own[start] = own.get(start, 0) + (count if found == class_id else 0)
    since = None
    for start in reversed(totals):
        if own[start] <= threshold * totals[start]:
            return since
        since = start
    return None
