"""A baseline's predictions counted as the drift detector counts: frames of one sign once.

Where classes follow the hour, each band of hours has counts of its own, so that a rhythm of the day
is no drift. Bands are made of a baseline that has whole days, and where its classes differ more
between hours than chance would make them: the G statistic of hours by classes lies above that of
SHUFFLES baselines with the same observations in shuffled hours. A band of too few observations
takes those of the whole day.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from core.monitoring.baseline import Counts, Observations, Scores
from core.monitoring.drift.bins import ClassBins, ConfidenceBins, Ints
from core.monitoring.drift.bursts import BurstState, mark_repeats
from core.monitoring.drift.signs import SignState, name_signs
from core.records.drift import Observed

HOURS = 24
BANDS = (24, 12, 8, 6, 4, 3, 2)  # of the day, the finest that the observations allow
FEWEST = 100  # observations of a band, on average
LEAST = 20  # of one; with fewer it takes those of the whole day
DAYS = timedelta(hours=HOURS)  # that a baseline spans, for bands
SHUFFLES = 99


def observations(
    seen: Observed, classes: int, *, by_flag: bool, confidence: Scores | None
) -> Observations:
    """Count what was seen.

    Parameters
    ----------
    seen
        n >= 1 predictions in order of time.
    classes
        Size of the label set.
    by_flag
        Whether every prediction tells whether it is flagged.
    confidence
        Statistics of all confidences; None where some prediction has none.
    """
    by_look = _distinguished(seen)
    if by_look:
        _, seen = name_signs(SignState(), seen)
    plain = ClassBins(classes)
    ids = plain.of(seen.class_ids)
    kept = _kept(seen, ids)
    bands = _bands(seen.at[kept], ids[kept])
    by_flags: Counts | None = None
    if by_flag:
        flagged = ClassBins(classes, by_flag=True)
        both = flagged.of(seen.class_ids, seen.flagged)
        rows = _kept(seen, both)
        by_flags = _counted(seen.at[rows], both[rows], flagged.count, bands)
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    if confidence is not None:
        bins = ConfidenceBins.between_quantiles(confidence.sample)
        if bins.count > 1:
            ranges = bins.of(seen.confidences)
            held = np.bincount(ranges[_kept(seen, ranges)], minlength=bins.count)
            edges, counts = bins.edges, tuple(held.tolist())
    return Observations(
        _counted(seen.at[kept], ids[kept], plain.count, bands),
        by_flags,
        edges,
        counts,
        by_look,
    )


def band_of(at: NDArray[np.datetime64], bands: int) -> Ints:
    """``(n,)`` the band of the day that each moment lies in, 0..bands - 1.

    >>> moments = np.array(["2026-02-14T00:59", "2026-02-14T13:00"], dtype="datetime64[us]")
    >>> band_of(moments, 24).tolist(), band_of(moments, 2).tolist()
    ([0, 13], [0, 1])
    """
    hours = (at - at.astype("datetime64[D]")) // np.timedelta64(1, "h")
    found: Ints = hours.astype(np.int64) * bands // HOURS
    return found


def _distinguished(seen: Observed) -> bool:
    """Whether every prediction without a source has a look."""
    unnamed = np.array([not source for source in seen.sources], dtype=bool)
    return not unnamed.any() or (seen.looks is not None and not np.isnan(seen.looks[unnamed]).any())


def _kept(seen: Observed, bins: Ints) -> Ints:
    """Rows that are no repeats."""
    _, repeats = mark_repeats(BurstState.cold(), seen.class_ids, bins, seen.sources)
    return np.flatnonzero(~repeats)


def _counted(at: NDArray[np.datetime64], bins: Ints, count: int, bands: int) -> Counts:
    table = np.zeros((bands, count), dtype=np.int64)
    np.add.at(table, (band_of(at, bands), bins), 1)
    few = table.sum(axis=1) < LEAST
    if bands > 1:
        table[few] = table.sum(axis=0)
    return tuple(tuple(row) for row in table.tolist())


def _bands(at: NDArray[np.datetime64], classes: Ints) -> int:
    """How many bands the day is cut into; 1 where the hour makes no difference."""
    if at[-1] - at[0] < np.timedelta64(DAYS):
        return 1
    hours = band_of(at, HOURS)
    found = _likelihood_ratio(hours, classes)
    rng = np.random.default_rng(0)
    by_chance = [_likelihood_ratio(rng.permutation(hours), classes) for _ in range(SHUFFLES)]
    if found <= max(by_chance):
        return 1
    return next((bands for bands in BANDS if len(at) >= bands * FEWEST), 1)


def _likelihood_ratio(hours: Ints, classes: Ints) -> float:
    """G of the table of hours by classes, but for what shuffling leaves as it is."""
    table = np.zeros((HOURS, int(classes.max()) + 1))
    np.add.at(table, (hours, classes), 1)
    filled = table[table > 0]
    return float((filled * np.log(filled)).sum())
