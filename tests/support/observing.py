"""Streams of predictions for the watch, and baselines to compare them with."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from core.monitoring.baseline import Baseline
from core.monitoring.baselines import files_of
from core.records.captures import Capture
from core.records.drift import Observed
from core.records.window import now
from core.services import Services
from tests.support.records import CLASSES, NOON, make_capture, make_prediction

STOP = 14
SECOND = timedelta(seconds=1)
# Every class as often, one prediction in a hundred flagged, confidences spread evenly.
BASELINE = Baseline.of(
    CLASSES,
    np.arange(2_150) % CLASSES,
    flagged=np.arange(2_150) % 97 == 0,
    confidences=(np.arange(2_150) * 0.618) % 1,
    p_values=np.full(2_150, 0.5),
)


def clean(count: int, *, seed: int = 0) -> list[int]:
    """Class ids as in `BASELINE`."""
    return np.random.default_rng(seed).integers(0, CLASSES, count).tolist()


def attacked(count: int, *, share: float = 0.5, seed: int = 1) -> list[int]:
    """Class ids, that share of them turned to Stop."""
    turned = np.random.default_rng([seed, 9]).random(count) < share
    return np.where(turned, STOP, clean(count, seed=seed)).tolist()


def confidence(number: int) -> float:
    """That of the prediction of a number, spread evenly."""
    return (number * 0.618) % 1


def observed(
    class_ids: Sequence[int],
    *,
    flagged: Sequence[bool] | None = None,
    at: datetime = NOON,
    sources: Sequence[str | None] | None = None,
    seconds: float = 1.0,
) -> Observed:
    """Predictions that many seconds apart, each from a source of its own unless some are given."""
    count = len(class_ids)
    moments = [(at + timedelta(seconds=n * seconds)).replace(tzinfo=None) for n in range(count)]
    return Observed(
        np.array(moments, dtype="datetime64[us]"),
        np.array(class_ids, dtype=np.int64),
        np.zeros(count, dtype=bool) if flagged is None else np.array(flagged, dtype=bool),
        np.array([confidence(n) for n in range(count)], dtype=np.float64),
        [str(n) for n in range(count)] if sources is None else list(sources),
    )


def captures(
    class_ids: Sequence[int], at: datetime, *, seconds: float = 0.1, **changes: object
) -> list[Capture]:
    """One's own captures, that many seconds apart from `at` on; each burst is two long at most."""
    return [
        make_capture(
            prediction=make_prediction(class_id, 0.05 + 0.9 * confidence(number)),
            inferred_at=at + timedelta(seconds=number * seconds),
            **changes,
        )
        for number, class_id in enumerate(class_ids)
    ]


def put(signwatch: Services, class_ids: list[int]) -> None:
    """Captures of some minutes ago, each call's behind those of the one before."""
    begin = checked_at(signwatch)
    signwatch.log.append(captures(class_ids, begin), [])
    end = begin + len(class_ids) * 0.1 * SECOND + 2.5 * SECOND
    signwatch.drift._clock = lambda: end


def checked_at(signwatch: Services) -> datetime:
    """What the detector takes for the present: some minutes ago, until traffic was put."""
    clock = signwatch.drift._clock
    return now() - timedelta(minutes=10) if clock is now else clock()


def use(signwatch: Services, baseline: Baseline = BASELINE) -> None:
    """A baseline that has been in force for half an hour."""
    signwatch.monitoring.baselines.add(files_of(baseline), origin="a test")
    signwatch.log.database.rows(
        "UPDATE log.baselines_in_force SET chosen_at = chosen_at - INTERVAL 30 MINUTE"
    )
