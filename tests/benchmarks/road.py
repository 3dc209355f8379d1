"""The drift detector on a road: cameras that film each sign many times, and classes by the hour.

What is deployed is measured: every channel together, over a baseline of captures in the order in
which cameras made them, counted as `baseline create` counts. Traffic: whole tracks, drawn from the
labels of the training set with flags at the rates that `model detect` measured, or the model's own
predictions and flags on held-out tracks; cameras take turns by chance. Every run draws other seeds
and prints them; SEED repeats them. Cameras that name no source mix their frames; what they show
tells the signs apart, so these are the model's own predictions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from core.monitoring.baseline import Baseline
from core.monitoring.baselines import baseline_of
from core.monitoring.drift.channels_update import ChannelSet, feed
from core.monitoring.drift.signs import SignState
from core.monitoring.rules.volume import expect, judge
from core.records.captures import Predictions
from core.records.drift import Observed
from core.records.monitoring import RuleState
from tests.benchmarks.monitor import (
    CLASSES,
    LINES,
    STOP,
    Population,
    flag_rates,
    labels,
    lower_bound,
    model_predictions,
    over_seeds,
)
from tests.benchmarks.rows import Row, Rows, seed

FRAMES = 30
CAMERAS = (1, 2, 5, 20)
HORIZON = 2  # a run without an alarm is given up after so many times A
PIECE = 5_000
SIGNS_OF_BASELINE = 2_000
FRAME = np.timedelta64(33_333, "us")
BEGIN = np.datetime64("2026-02-14T12:00:00", "us")
DAYS_OF_BASELINE, PER_HOUR = 5, 200
SWING = 0.5  # of classes that follow the hour: by so much their shares rise and fall


@cache
@dataclass(frozen=True)
class Road:
    """Cameras that pass signs.

    named: whether each names itself as the source; model: whether the model's own predictions are
    drawn from.
    """

    cameras: int
    named: bool = True
    model: bool = False

    @property
    def name(self) -> str:
        """In rows."""
        count = f"{self.cameras} camera" + ("s" if self.cameras > 1 else "")
        drawn = "model's predictions" if self.model else "labels"
        return f"{count}{'' if self.named else ' without a name'}, {drawn}"

    def drive(self, rng: np.random.Generator, *, attacked: float = 0.0) -> Iterator[Observed]:
        """Pieces of about PIECE predictions, without end. attacked: share of signs, to Stop."""
        population = model_predictions() if self.model else labels()
        queues = [_frames(population, rng, attacked) for _ in range(self.cameras)]
        at = BEGIN
        while True:
            turns = rng.permuted(np.tile(np.arange(self.cameras), PIECE // self.cameras))
            counts = np.bincount(turns, minlength=self.cameras)
            drawn = [_take(queue, count) for queue, count in zip(queues, counts, strict=True)]
            order = np.argsort(np.argsort(turns, kind="stable"), kind="stable")
            class_ids, flagged, confidences, rows = (
                np.concatenate([each[column] for each in drawn])[order] for column in range(4)
            )
            moments = at + FRAME // self.cameras * np.arange(1, len(turns) + 1)
            at = moments[-1]
            sources = [f"camera {n}" if self.named else None for n in turns.tolist()]
            looks = None if population.looks is None else population.looks[rows]
            yield Observed(moments, class_ids, flagged, confidences, sources, looks)


Columns = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _frames(population: Population, rng: np.random.Generator, attacked: float) -> Iterator[Columns]:
    """The frames of one sign after the other; with `attacked`, signs that are turned to Stop."""
    rates = flag_rates()
    while True:
        rows = population.tracks[rng.integers(len(population.tracks))]
        drawn = population.at(rows, rng)
        if rng.random() < attacked:
            flags = rng.random(len(rows)) < rates.attacked
            drawn = drawn._replace(class_ids=np.full(len(rows), STOP), flagged=flags)
        yield drawn.class_ids, drawn.flagged, drawn.confidences, rows


def _take(queue: Iterator[Columns], count: int) -> list[np.ndarray]:
    """The next `count` frames of a camera; what is left of its last sign is not seen."""
    parts: list[Columns] = []
    length = 0
    while length < count:
        parts.append(next(queue))
        length += len(parts[-1][0])
    return [np.concatenate([part[column] for part in parts])[:count] for column in range(4)]


def _baseline(seen: Observed) -> Baseline:
    """As captures become one."""
    predictions = Predictions(
        seen.class_ids,
        seen.flagged,
        seen.confidences,
        seen.confidences,
        seen.at,
        seen.sources,
        seen.looks,
    )
    return baseline_of(predictions, CLASSES)


def _of_signs(road: Road, rng: np.random.Generator) -> Observed:
    """Enough frames for about SIGNS_OF_BASELINE signs."""
    found, drive = None, road.drive(rng)
    while found is None or len(found) < FRAMES * SIGNS_OF_BASELINE:
        found = next(drive) if found is None else found.joined(next(drive))
    return found


def _until_alarm(baseline: Baseline, line: int, pieces: Iterator[Observed], most: int) -> int:
    """Predictions until a channel that decides alarms, at most so many."""
    channels = ChannelSet(baseline, false_alarm_every=line)
    deciding = [each for each in channels.channels if each.decides]
    states, taken, signs = channels.start(BEGIN.item()), 0, SignState()
    for piece in pieces:
        signs, seen = channels.named(signs, piece)
        for channel in deciding:
            before = states[channel.name]
            found = feed(channel, before, seen)
            states[channel.name] = replace(before, detector=found.fed.state, bursts=found.bursts)
            if found.fed.rows:
                most = min(most, taken + found.fed.rows[0] + 1)
        taken += len(seen)
        if taken >= most:
            break
    return most


def false_alarms() -> Rows:
    """Lower 95 % bound of the mean run length, clean, beside A."""
    seed()
    named = [Road(cameras) for cameras in CAMERAS]
    unnamed = [Road(cameras, named=False, model=True) for cameras in CAMERAS]
    for road in [*named, *unnamed, Road(2, model=True)]:
        yield from _bounds(road.name, partial(clean_runs, road, seed()))
    yield from _bounds("classes that follow the hour", partial(hourly_runs, seed()))


def _bounds(name: str, simulate: Callable[[int], list[int]]) -> Rows:
    lengths = np.array(over_seeds(simulate))
    for column, line in enumerate(LINES):
        bound = lower_bound(lengths[:, column].tolist())
        yield Row(f"false alarm after, {name}, A={line}", bound, line, True)


def clean_runs(road: Road, base: int, number: int) -> list[int]:
    """One run over clean traffic for each of LINES."""
    rng = np.random.default_rng([base, number, road.cameras])
    baseline = _baseline(_of_signs(road, rng))
    return [_until_alarm(baseline, line, road.drive(rng), HORIZON * line) for line in LINES]


def hourly_runs(base: int, number: int) -> list[int]:
    """Shares of classes that rise and fall with the hour; the baseline has DAYS_OF_BASELINE."""
    rng = np.random.default_rng([base, number])
    phases = rng.uniform(0, 2 * np.pi, CLASSES)
    days = _days(phases, rng)
    seen = next(days)
    for _ in range(DAYS_OF_BASELINE - 1):
        seen = seen.joined(next(days))
    baseline = _baseline(seen)
    return [_until_alarm(baseline, line, days, HORIZON * line) for line in LINES]


def _days(phases: np.ndarray, rng: np.random.Generator) -> Iterator[Observed]:
    """One day after the other, each prediction from a source of its own."""
    shares = np.bincount(labels().class_ids, minlength=CLASSES) / len(labels().class_ids)
    day = 0
    while True:
        moments = np.sort(rng.integers(0, 24 * 3600 * 10**6, 24 * PER_HOUR))
        wave = 1 + SWING * np.sin(2 * np.pi * moments[:, None] / (24 * 3600e6) + phases)
        chances = np.cumsum(shares * wave, axis=1)
        drawn = rng.random(len(moments)) * chances[:, -1]
        class_ids = (drawn[:, None] > chances).sum(axis=1)
        at = BEGIN.astype("datetime64[D]").astype("datetime64[us]") + moments
        yield Observed(
            at + np.timedelta64(day, "D"),
            class_ids.astype(np.int64),
            rng.random(len(moments)) < flag_rates().clean,
            rng.random(len(moments)),
            [f"{day}/{n}" for n in range(len(moments))],
        )
        day += 1


# 1 camera at 20 %: 40 signs; at 50 % and of 20 cameras as the issue sets them.
ATTACKS = ((1, 0.2, 1_200), (1, 0.5, 500), (20, 0.5, 200))


def delays() -> Rows:
    """Median frames until the alarm, signs in track order turned to Stop, A = 10,000."""
    for cameras, share, goal in ATTACKS:
        found = over_seeds(partial(attacked_run, Road(cameras), share, seed()))
        name = f"delay, {share:.0%} of signs to Stop, {Road(cameras).name}, A={LINES[-1]}"
        yield Row(f"{name}, frames", float(np.median(found)), goal, False)


def attacked_run(road: Road, share: float, base: int, number: int) -> int:
    """Frames until the alarm, from a cold start."""
    rng = np.random.default_rng([base, number, road.cameras, round(100 * share)])
    baseline = _baseline(_of_signs(road, rng))
    return _until_alarm(baseline, LINES[-1], road.drive(rng, attacked=share), 10 * PIECE)


# Volume

HOURS = np.arange(24 * 28) % 24
HISTORIES, TRIED = 60, 1_000
EVERY = 1_000  # intervals
KINDS: dict[str, Callable[[np.random.Generator, np.ndarray], np.ndarray]] = {
    "gamma": lambda rng, hours: 100 * rng.gamma(4, 1 / 4, len(hours)),
    "lognormal": lambda rng, hours: 100 * np.exp(0.8 * rng.normal(size=len(hours))),
    "office hours": lambda rng, hours: (
        np.where((hours >= 7) & (hours < 19), 1_000, 5) * rng.gamma(10, 1 / 10, len(hours))
    ),
    "spikes": lambda rng, hours: (
        100 * rng.gamma(10, 1 / 10, len(hours)) * np.where(rng.random(len(hours)) < 0.05, 10, 1)
    ),
}


def volume_alarms() -> Rows:
    """False alarms of the volume rule by what it promises, and what office hours notice."""
    for kind in KINDS:
        found = over_seeds(partial(volume_run, kind, seed()), HISTORIES)
        rate = sum(found) / len(found) / TRIED * EVERY
        name = f"false alarms of the volume rule, {kind}, of 1 in {EVERY:,}"
        yield Row(f"{name}, at least", rate, 0.5, True)
        yield Row(f"{name}, at most", rate, 2, False)
    for name, count in (("a full stop", 0), ("a doubling", 2_000)):
        seen = over_seeds(partial(noticed_at_noon, count, seed()), HISTORIES)
        share = float(np.mean(seen))
        yield Row(f"{name} at noon of office hours, noticed in the first hour", share, 1, True)


def volume_run(kind: str, base: int, number: int) -> int:
    """How many of TRIED next hours the rule finds in violation, after four weeks."""
    rng = np.random.default_rng([base, number])
    rates, hour = KINDS[kind], int(rng.integers(24))
    history = rng.poisson(rates(rng, HOURS))
    expected = expect(history.tolist(), [np.r_[hour, HOURS]])
    counts = rng.poisson(rates(rng, np.full(TRIED, hour)))
    threshold = 1 / (2 * EVERY)
    return sum(
        judge(count, expected, threshold).state is RuleState.VIOLATED for count in counts.tolist()
    )


def noticed_at_noon(count: int, base: int, number: int) -> bool:
    """Of office hours that vary as Poisson counts do."""
    rng = np.random.default_rng([base, number])
    history = rng.poisson(np.where((HOURS >= 7) & (HOURS < 19), 1_000, 5))
    expected = expect(history.tolist(), [np.r_[12, HOURS]])
    return judge(count, expected, 1 / (2 * EVERY)).state is RuleState.VIOLATED
