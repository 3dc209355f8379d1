"""How seldom the drift detector cries wolf, and how soon it notices an attack: SEEDS simulations.

Baselines hold 2,000 predictions drawn at random. Traffic: the labels of the training set as
predictions, with flags drawn at the rates that `model detect` measured, or the shipped model's
predictions and flags on held-out tracks; shuffled, each from a source of its own, or from one
source; or whole tracks in random order, frame by frame, from a source that nobody knows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from core import datasets
from core.labels import all_labels
from core.model.predictor import Predictor
from core.model.threads import usable_cores
from core.monitoring.drift.bins import ClassBins, ConfidenceBins
from core.monitoring.drift.bursts import BurstState, mark_repeats
from core.monitoring.drift.detector import Detector, Fed
from core.monitoring.drift.detector_state import DetectorState
from core.records.evaluation.suspicion import Detection
from core.settings import Settings
from tests.benchmarks.rounds import interleaved_seconds
from tests.benchmarks.rows import Row, Rows, held_out, real_signs

SEEDS = 200
BASELINE = 2_000
CLASSES = len(all_labels())
STOP = 14
SENT = "PGD 8/255"  # what traffic is turned to Stop with, as `model detect` names it
HORIZON = 5  # a run without an alarm is given up after so many times A; it counts as that long
STUDENT_95 = 1.653  # one-sided, 199 degrees of freedom
LINES = (1_000, 10_000)
# Median delay by share of traffic turned to Stop. 5 % and 50 %: the goals that were set before
# anything was measured. 20 %: what an independent simulation of the method gave, 36, and 14 to 20.
CLASS_GOALS = {0.05: 400, 0.2: 36, 0.5: 15}
FLAG_GOALS = {0.05: 150, 0.2: 20, 0.5: 15}
RESTARTED = 500
THROUGHPUT = 2_000_000
KINDS = CLASS, FLAG, CONFIDENCE = ("class", "class x flag", "confidence")
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
T = TypeVar("T")


class Drawn(NamedTuple):
    """Predictions in order of time."""

    class_ids: Ints
    flagged: Bools
    confidences: Floats


class FlagRates(NamedTuple):
    """Shares that suspicion flags."""

    clean: float
    attacked: float


@dataclass(frozen=True)
class Population:
    """Predictions that traffic is drawn from, and the rows of each track.

    flagged, confidences: None where they are drawn at random; looks: None where they are not known.
    """

    class_ids: Ints
    tracks: tuple[Ints, ...]
    flagged: Bools | None = None
    confidences: Floats | None = None
    looks: NDArray[np.float16] | None = None

    def shuffled(self, count: int, rng: np.random.Generator) -> Drawn:
        """`count` predictions, each drawn alone."""
        return self.at(rng.integers(0, len(self.class_ids), count), rng)

    def in_track_order(self, count: int, rng: np.random.Generator) -> Drawn:
        """At least `count` predictions: whole tracks."""
        chosen = rng.integers(0, len(self.tracks), 1 + count // 20)
        return self.at(np.concatenate([self.tracks[track] for track in chosen]), rng)

    def at(self, rows: Ints, rng: np.random.Generator) -> Drawn:
        """Predictions of these rows."""
        numbers = rng.random(len(rows))
        return Drawn(
            self.class_ids[rows],
            numbers < flag_rates().clean if self.flagged is None else self.flagged[rows],
            numbers if self.confidences is None else self.confidences[rows],
        )


@dataclass(frozen=True)
class Traffic:
    """A name, what it is drawn from, and whether in track order, from an unknown source."""

    name: str
    population: Population
    in_track_order: bool

    def draw(self, count: int, rng: np.random.Generator) -> Drawn:
        """About `count` predictions."""
        if self.in_track_order:
            return self.population.in_track_order(count, rng)
        return self.population.shuffled(count, rng)


class Channel:
    """What the detector watches: bins by `kind`, over a new baseline of a population."""

    def __init__(
        self, kind: str, population: Population, line: int, rng: np.random.Generator
    ) -> None:
        baseline = population.shuffled(BASELINE, rng)
        self.kind = kind
        self.confidence = ConfidenceBins.between_quantiles(baseline.confidences.tolist())
        self.classes = ClassBins(CLASSES, by_flag=kind == FLAG)
        count, weights = self.classes.count, self.classes.weights
        if kind == CONFIDENCE:
            count = self.confidence.count
            weights = (1.0,) * count
        counts = np.bincount(self.of(baseline), minlength=count)
        self.detector = Detector(counts, false_alarm_every=line, weights=weights)

    def of(self, drawn: Drawn) -> Ints:
        """The bins of predictions."""
        if self.kind == CONFIDENCE:
            return self.confidence.of(drawn.confidences)
        return self.classes.of(drawn.class_ids, drawn.flagged)


def false_alarms() -> Rows:
    """Lower 95 % bound of the mean number of predictions until a false alarm, beside A."""
    for traffic in traffics():
        kinds = (CLASS, FLAG) if traffic.population.confidences is None else KINDS
        for kind in kinds:
            for line in LINES:
                lengths = over_seeds(partial(until_alarm, traffic, kind, line))
                name = f"false alarm after, {traffic.name}, {kind}, A={line}"
                yield Row(name, lower_bound(lengths), line, True)


def over_seeds(simulate: Callable[[int], T], seeds: int = SEEDS) -> list[T]:
    """`simulate` of every seed; the cores share them, as nothing here is timed."""
    return list(_pool().map(simulate, range(seeds), chunksize=10))


@cache
def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(usable_cores(), mp_context=get_context("spawn"))


def lower_bound(lengths: Sequence[int]) -> float:
    """One-sided 95 % bound of the mean of SEEDS lengths."""
    error = np.std(lengths, ddof=1) / len(lengths) ** 0.5
    return float(np.mean(lengths) - STUDENT_95 * error)


def traffics() -> Iterator[Traffic]:
    """What is no attack."""
    for name, population in (("labels", labels()), ("model", model_predictions())):
        yield Traffic(f"{name} shuffled", population, in_track_order=False)
        yield Traffic(f"{name} in track order", population, in_track_order=True)


def until_alarm(traffic: Traffic, kind: str, line: int, seed: int) -> int:
    """Predictions until the first alarm, at most HORIZON times A."""
    rng = np.random.default_rng([seed, line, KINDS.index(kind)])
    channel = Channel(kind, traffic.population, line, rng)
    state, bursts = channel.detector.start(), BurstState.cold()
    taken = 0
    while taken < HORIZON * line:
        drawn = traffic.draw(line, rng)
        bins, repeats = channel.of(drawn), None
        if traffic.in_track_order:
            bursts, repeats = mark_repeats(bursts, drawn.class_ids, bins)
        fed = channel.detector.feed(state, bins, repeats)
        if fed.alarms:
            return min(taken + fed.rows[0] + 1, HORIZON * line)
        state, taken = fed.state, taken + len(bins)
    return HORIZON * line


def delays() -> Rows:
    """Median predictions from a cold start to the alarm at A = 10,000, and who is named."""
    named = []
    for kind, goals in ((CLASS, CLASS_GOALS), (FLAG, FLAG_GOALS)):
        for share, goal in goals.items():
            for one_source in (False, True):
                results = over_seeds(partial(delay, share, kind, one_source))
                median = float(np.median([length for length, _ in results]))
                source = "one source" if one_source else "own sources"
                rates = flag_rates()
                flags = "" if kind == CLASS else f" ({rates.clean:.1%}, {rates.attacked:.0%})"
                name = f"delay, {share:.0%} to Stop, {source}, {kind}{flags}"
                yield Row(name, median, goal, False)
                named.append(np.mean([class_id == STOP for _, class_id in results]))
    yield Row("alarms that name Stop, worst of these", float(min(named)), 0.95, True)


def delay(share: float, kind: str, one_source: bool, seed: int) -> tuple[float, int | None]:
    """Predictions until the alarm (infinite if there is none), and the class that it names."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    channel = Channel(kind, labels(), LINES[-1], rng)
    attacked = _attacked(share, int(250 / share), rng)
    bins, repeats = channel.of(attacked), None
    if one_source:
        _, repeats = mark_repeats(BurstState.cold(), attacked.class_ids, bins)
    fed = channel.detector.feed(channel.detector.start(), bins, repeats)
    if not fed.alarms:
        return np.inf, None
    return fed.rows[0] + 1, channel.classes.class_of(fed.alarms[0].bin_id)


def _attacked(share: float, count: int, rng: np.random.Generator) -> Drawn:
    """Labels, that share of them turned to Stop."""
    drawn = labels().shuffled(count, rng)
    turned = rng.random(count) < share
    flagged = rng.random(count) < flag_rates().attacked
    return drawn._replace(
        class_ids=np.where(turned, STOP, drawn.class_ids),
        flagged=np.where(turned, flagged, drawn.flagged),
    )


def restart() -> Rows:
    """Share of attacked streams that go on after a restart, from the state's JSON, as without."""
    same = 0
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        channel = Channel(FLAG, labels(), LINES[0], rng)
        drawn = _attacked(0.2, RESTARTED, rng)
        cut = int(rng.integers(1, RESTARTED))
        whole, _ = _feed(channel, drawn, channel.detector.start(), BurstState.cold())
        first, bursts = _feed(
            channel,
            Drawn(*(column[:cut] for column in drawn)),
            channel.detector.start(),
            BurstState.cold(),
        )
        rest, _ = _feed(
            channel,
            Drawn(*(column[cut:] for column in drawn)),
            DetectorState.from_json(json.loads(json.dumps(first.state.to_json()))),
            BurstState.from_json(json.loads(json.dumps(bursts.to_json()))),
        )
        evidence = np.concatenate([first.e_values, rest.e_values])
        same += (
            bool(whole.alarms)
            and [*first.alarms, *rest.alarms] == list(whole.alarms)
            and np.array_equal(evidence, whole.e_values)
        )
    yield Row("attacked streams that a restart leaves as they were", same / SEEDS, 1, True)


def _feed(
    channel: Channel, drawn: Drawn, state: DetectorState, bursts: BurstState
) -> tuple[Fed, BurstState]:
    bins = channel.of(drawn)
    bursts, repeats = mark_repeats(bursts, drawn.class_ids, bins)
    return channel.detector.feed(state, bins, repeats), bursts


def speed() -> Rows:
    """Predictions a second through bursts and detector, bins by class and flag."""
    rng = np.random.default_rng(0)
    channel = Channel(FLAG, labels(), LINES[-1], rng)
    drawn = labels().shuffled(THROUGHPUT, rng)
    taken = interleaved_seconds(
        {"feed": lambda: _feed(channel, drawn, channel.detector.start(), BurstState.cold())}
    )
    name = "predictions a second through the drift detector"
    yield Row.of_rounds(name, THROUGHPUT / taken["feed"], 200_000, True)


@cache
def flag_rates() -> FlagRates:
    """As they were measured on the shipped weights, on held-out tracks."""
    detection = Detection.read(Settings().model)
    assert detection is not None
    (sent,) = (each for each in detection.families if each.title == SENT)
    return FlagRates(detection.false_positive_rate.mean, sent.flagged.mean)


@cache
def labels() -> Population:
    """The labels of the training set, as if each were predicted right."""
    everything = datasets.load(real_signs())
    return Population(everything.labels, _rows_by_track(everything))


@cache
def model_predictions() -> Population:
    """What the shipped model says of every frame of the held-out tracks."""
    signs = held_out()
    predictor = Predictor.load(Settings().model, alpha=Settings().alpha)
    predictions = predictor.predict(list(signs.images))
    return Population(
        np.array([each.class_id for each in predictions]),
        _rows_by_track(signs),
        np.array([each.suspicion.flagged for each in predictions]),
        np.array([each.confidence for each in predictions], dtype=np.float64),
        np.stack([each.look for each in predictions]),
    )


def _rows_by_track(signs: datasets.Dataset) -> tuple[Ints, ...]:
    assert signs.tracks is not None
    keys = signs.labels * 100_000 + signs.tracks
    return tuple(np.flatnonzero(keys == key) for key in np.unique(keys))
