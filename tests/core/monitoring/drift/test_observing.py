"""A baseline counted as the detector counts: frames of one sign once, by hour where it matters."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from core.monitoring.baseline import Observations, Scores
from core.monitoring.drift.observing import BANDS, LEAST, band_of, observations
from core.records.drift import LOOK, Observed
from tests.support.observing import observed
from tests.support.records import NOON

CLASSES = 4


def counted(
    seen: Observed, *, confidence: Scores | None = None, by_flag: bool = True
) -> Observations:
    return observations(seen, CLASSES, by_flag=by_flag, confidence=confidence)


def test_frames_of_one_sign_count_once() -> None:
    seen = observed(
        [1] * 30 + [2] * 10 + [1, 9],
        flagged=[n in (3, 7, 35) for n in range(42)],
        sources=["a"] * 40 + ["b", "b"],
    )
    found = counted(seen)
    assert found.by_class == ((0, 2, 1, 0, 1),)  # 9 is outside the label set
    assert found.by_flag == ((0, 2, 1, 0, 1, 0, 1, 1, 0, 0),)
    assert (found.total, found.edges, found.confidence) == (4, (), ())
    assert counted(seen, by_flag=False).by_flag is None


def test_what_has_no_source_is_distinguished_by_its_look_where_all_have_one() -> None:
    looks = np.zeros((6, LOOK), dtype=np.float16)
    looks[:, 0] = [0, 50, 0, 50, 0, 50]
    seen = replace(observed([1] * 6, sources=[None] * 6), looks=looks)
    found = counted(seen)
    assert (found.by_look, found.by_class) == (True, ((0, 2, 0, 0, 0),))
    looks[3] = np.nan
    found = counted(seen)
    assert (found.by_look, found.by_class) == (False, ((0, 1, 0, 0, 0),))
    assert not counted(replace(seen, looks=None)).by_look
    seen = replace(seen, sources=["a", "a", "a", "b", "b", "b"])
    found = counted(seen)
    assert (found.by_look, found.by_class) == (True, ((0, 2, 0, 0, 0),))


def test_confidences_lie_between_the_quantiles_of_all_and_count_once_a_sign() -> None:
    seen = observed([k % 4 for k in range(100)], sources=["a"] * 50 + ["b"] * 50)
    found = counted(seen, confidence=Scores.of(seen.confidences))
    assert len(found.edges) == 9
    assert sum(found.confidence) == 100  # each class begins a run
    still = observed([1] * 100, sources=["a"] * 100)
    assert sum(counted(still, confidence=Scores.of(still.confidences)).confidence) == 10
    even = Observed(still.at, still.class_ids, still.flagged, np.full(100, 0.5), still.sources)
    assert counted(even, confidence=Scores.of(even.confidences)).edges == ()


def days(count: int, share_by_hour: float, *, seconds: float = 60.0, seed: int = 0) -> Observed:
    """Class 1 is more frequent in the first half of the day, by that share."""
    rng = np.random.default_rng(seed)
    seen = observed([0] * count, seconds=seconds)
    first = band_of(seen.at, 2) == 0
    ones = rng.random(count) < np.where(first, 0.5 + share_by_hour, 0.5 - share_by_hour)
    return Observed(seen.at, ones.astype(np.int64), seen.flagged, seen.confidences, seen.sources)


def test_classes_that_follow_the_hour_are_counted_by_hour() -> None:
    seen = days(3 * 1440, 0.2)
    found = counted(seen)
    assert len(found.by_class) == BANDS[0] == 24
    shares = [row[1] / sum(row) for row in found.by_class]
    assert shares[:12] == pytest.approx([0.7] * 12, abs=0.13)
    assert shares[12:] == pytest.approx([0.3] * 12, abs=0.13)
    assert np.sum(found.by_class) == np.sum(found.by_flag) == len(seen)
    assert len(counted(days(800, 0.2, seconds=300)).by_class) == 8  # 100 of each, on average


def test_classes_that_do_not_are_counted_together() -> None:
    assert [len(counted(days(3 * 1440, 0.0, seed=seed)).by_class) for seed in range(10)] == [1] * 10
    part = days(700, 0.2)  # less than a day
    assert part.at[-1] - part.at[0] < np.timedelta64(timedelta(hours=24))
    assert len(counted(part).by_class) == 1


def test_a_band_with_hardly_an_observation_takes_those_of_all() -> None:
    seen = days(3 * 1440, 0.2)
    at_three = np.flatnonzero(band_of(seen.at, 24) == 3)
    kept = np.setdiff1d(np.arange(len(seen)), at_three[LEAST - 1 :])
    thin = Observed(
        seen.at[kept],
        seen.class_ids[kept],
        seen.flagged[kept],
        seen.confidences[kept],
        [seen.sources[row] for row in kept],
    )
    found = counted(thin)
    assert sum(found.by_class[3]) == len(thin)
    assert sum(found.by_class[4]) == 180


def test_part_of_a_day_says_nothing_of_the_rest() -> None:
    assert len(counted(days(23 * 60, 0.45)).by_class) == 1
    assert len(counted(days(25 * 60, 0.45)).by_class) == 12


def test_the_bands_of_a_day() -> None:
    seen = observed([0, 0], at=NOON, seconds=3600)
    assert band_of(seen.at, 24).tolist() == [12, 13]
    assert band_of(seen.at, 3).tolist() == [1, 1]
