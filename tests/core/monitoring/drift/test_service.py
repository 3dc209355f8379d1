"""The watch over the live stream: what it takes and when, once, whoever looks, and what it says."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.metrics import Metrics
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import Baselines, files_of
from core.monitoring.drift.channels import CLASS, FLAG
from core.monitoring.drift.consumer import MOST_LAG
from core.monitoring.drift.service import ELSEWHERE, NO_BASELINE, StreamWatch
from core.records.drift import StreamSettings
from core.records.monitoring import RuleState, Violation
from core.records.window import Window
from core.store import BaselinesTable, CaptureLog, StreamTable
from tests.support.observing import STOP, USUAL, attacked, captures, clean
from tests.support.records import CLASSES, NOON, make_capture, make_prediction

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


class Clock:
    """Goes only where it is set."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


class Stream:
    """A log, a baseline in force from noon on, and as many watches as are asked for."""

    def __init__(self, log: CaptureLog, clock: Clock) -> None:
        self.log = log
        self.clock = clock
        self.baselines = Baselines(BaselinesTable(log.database), CLASSES)
        self.metrics = Metrics()

    def watch(self, **settings: object) -> StreamWatch:
        return StreamWatch(
            StreamTable(self.log.database),
            self.baselines,
            self.metrics,
            **{"false_alarm_every": 10_000.0, "clock": self.clock} | settings,
        )

    def put(self, class_ids: Sequence[int], **changes: object) -> None:
        """Captures from now on, and the clock set behind the last of them and the lag."""
        self.log.append(captures(class_ids, self.clock.at, **changes), [])
        self.clock.at += len(class_ids) * 0.1 * SECOND + 2.5 * SECOND

    def use(self, baseline: Baseline) -> None:
        self.baselines.add(files_of(baseline), origin="a test")
        self.log.database.rows(
            "UPDATE log.baselines_in_force SET chosen_at = ? WHERE chosen_at > ?",
            [self.clock.at.replace(tzinfo=None), datetime(2026, 3, 1)],
        )


@pytest.fixture
def log(tmp_path: Path) -> Iterator[CaptureLog]:
    log = CaptureLog(tmp_path / "log.duckdb")
    yield log
    log.close()


@pytest.fixture
def stream(log: CaptureLog) -> Stream:
    stream = Stream(log, Clock())
    stream.use(USUAL)
    return stream


def watched(watch: StreamWatch) -> str:
    return watch.status().watched


def state_text(stream: Stream) -> str:
    saved = StreamTable(stream.log.database).saved()
    assert saved is not None
    return saved.state


def standing(watch: StreamWatch) -> list[str]:
    """The channels of which an alarm stands."""
    return [each.rule for each in watch.status().outcomes if each.state is RuleState.VIOLATED]


# Nothing to compare with


def test_without_a_baseline_it_says_so_and_what_to_do(log: CaptureLog) -> None:
    watch = Stream(log, Clock()).watch()
    assert not watch.catch_up()
    status = watch.status()
    assert status.problem == NO_BASELINE
    (outcome,) = status.outcomes
    assert (outcome.rule, outcome.state, outcome.decides) == (
        "stream detector",
        RuleState.NOT_COMPUTED,
        True,
    )
    assert outcome.sentence == f"Not computed: {NO_BASELINE}"
    assert StreamTable(log.database).saved() is None


def test_a_baseline_of_another_label_set_is_named_as_the_problem(log: CaptureLog) -> None:
    stream = Stream(log, Clock())
    five = Baselines(BaselinesTable(log.database), 5)
    five.add(files_of(Baseline(5, {1: 3})), origin="a test")
    watch = stream.watch()
    assert not watch.catch_up()
    assert watch.status().problem == (
        "the baseline is of 5 classes and the model tells 43 apart: it belongs to another label "
        "set. Create a baseline for this model"
    )


# Following the log


def test_every_prediction_is_taken_once_after_the_lag(stream: Stream) -> None:
    watch = stream.watch()
    stream.put(clean(20))
    stream.log.append(captures([1], stream.clock.at), [])  # too young
    for _ in range(3):
        assert not watch.catch_up()
        assert watched(watch) == (
            "20 predictions watched since 2026-02-14 12:00:00 UTC, when it was started first."
        )
    stream.clock.at += 3 * SECOND
    watch.catch_up()
    assert watched(watch).startswith("21 predictions")


def test_what_was_before_the_baseline_is_not_the_live_stream(stream: Stream) -> None:
    stream.log.append(captures([1] * 50, NOON - 10 * SECOND), [])
    watch = stream.watch()
    stream.clock.at += 10 * SECOND
    watch.catch_up()
    assert watched(watch).startswith("0 predictions")


def test_a_baseline_of_long_ago_does_not_bring_back_the_past(stream: Stream) -> None:
    stream.put(clean(20))
    stream.clock.at += 24 * HOUR
    watch = stream.watch()
    watch.catch_up()
    assert watched(watch).startswith("0 predictions watched since 2026-02-15 11:00:04 UTC")


def test_imported_captures_are_not_the_live_stream(stream: Stream) -> None:
    stream.put([STOP] * 60, model_sha256=None, probabilities=None)
    watch = stream.watch()
    assert not watch.catch_up()
    assert watched(watch).startswith("0 predictions")


def test_pieces_come_to_the_same_as_the_whole(stream: Stream, tmp_path: Path) -> None:
    class_ids = [*clean(120), *attacked(60)]
    watch = stream.watch()
    for number in range(0, 180, 7):
        stream.log.append(captures(class_ids, NOON)[number : number + 7], [])
        stream.clock.at = NOON + (number + 7) * 0.1 * SECOND + 2 * SECOND
        watch.catch_up()
    stream.clock.at = NOON + 60 * SECOND
    watch.catch_up()
    log = CaptureLog(tmp_path / "whole.duckdb")
    whole = Stream(log, Clock())
    whole.use(USUAL)
    whole.log.append(captures(class_ids, NOON), [])
    whole.clock.at = NOON + 60 * SECOND
    at_once = whole.watch()
    at_once.catch_up()
    assert at_once.status().outcomes == watch.status().outcomes
    assert standing(watch) == [f"stream detector, {FLAG}", f"stream detector, {CLASS}"]
    log.close()


def test_the_state_survives_a_restart(stream: Stream) -> None:
    stream.put(clean(100))
    assert not stream.watch().catch_up()
    before = state_text(stream)
    restarted = stream.watch()
    assert not restarted.catch_up()
    assert state_text(stream) == before
    stream.put(attacked(60))
    assert stream.watch().catch_up()
    assert watched(stream.watch()).startswith("160 predictions")


def test_of_two_watches_on_one_log_each_prediction_is_taken_by_one(stream: Stream) -> None:
    first, second = stream.watch(), stream.watch()
    raised = []
    for number in range(12):
        stream.put(attacked(10, seed=number))
        raised += [first.catch_up(), second.catch_up()]
    assert watched(first) == watched(second)
    assert watched(first).startswith("120 predictions")
    assert sum(raised) == 1


def test_who_comes_second_with_the_same_predictions_keeps_nothing(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = stream.watch(), stream.watch()
    first.catch_up()
    stream.put(attacked(60))
    read = StreamTable.predictions
    other: list[bool] = []

    def overtaken(self: StreamTable, *args: object, **options: object) -> object:
        monkeypatch.setattr(StreamTable, "predictions", read)
        other.append(second.catch_up())
        return read(self, *args, **options)

    monkeypatch.setattr(StreamTable, "predictions", overtaken)
    seen_before = read(StreamTable(stream.log.database), NOON, NOON + HOUR, limit=99)
    assert len(seen_before[0]) == 60
    assert (first.catch_up(), other) == (False, [True])
    assert watched(first).startswith("60 predictions")
    assert len(first.evidence(Window(NOON, NOON + HOUR))) == len(
        {(p.channel, p.at) for p in first.evidence(Window(NOON, NOON + HOUR))}
    )


# Late, and clocks


def test_what_becomes_visible_too_late_is_counted_once_and_said(stream: Stream) -> None:
    watch = stream.watch()
    stream.put(clean(30))
    watch.catch_up()
    stream.log.append(captures([3, 4], NOON + SECOND), [])
    for _ in range(3):
        watch.catch_up()
        assert watched(watch) == (
            "30 predictions watched since 2026-02-14 12:00:00 UTC, when it was started first. "
            "2 predictions became visible too late to be watched: is the log slow, or does a "
            "clock differ?"
        )


def test_the_lag_grows_with_lateness_until_nothing_is_late(stream: Stream) -> None:
    """Everything becomes visible ten seconds after it was made."""
    watch = stream.watch()
    late = []
    for number in range(60):
        stream.log.append(captures([number % 43], stream.clock.at - 10 * SECOND), [])
        watch.catch_up()
        late.append(watched(watch).count("late"))
        stream.clock.at += 3 * SECOND
    sentence = watched(watch)
    assert "became visible too late" in sentence
    lost = int(sentence.split(" became")[0].split()[-2])
    assert 1 <= lost <= 6
    assert int(sentence.split()[0]) >= 60 - lost - MOST_LAG / 3


def test_a_clock_that_was_set_back_loses_and_doubles_nothing(stream: Stream) -> None:
    watch = stream.watch()
    stream.put(clean(30))
    watch.catch_up()
    stream.clock.at = NOON - HOUR  # an hour back; what was taken lies ahead now
    watch.catch_up()
    stream.put([5] * 20)
    watch.catch_up()
    assert watched(watch) == (
        "50 predictions watched since 2026-02-14 12:00:00 UTC, when it was started first. "
        "The clock was found set back at 2026-02-14 11:00:00 UTC."
    )
    for minutes in (30, 90, 150):
        stream.clock.at = NOON - HOUR + minutes * 60 * SECOND
        watch.catch_up()
        stream.put([6])
        watch.catch_up()
        assert "late" not in watched(watch)
    assert watched(watch).startswith("53 predictions")
    assert stream.log.database.rows("SELECT count(*) FROM log.stream_skipped") == [(0,)]


def test_a_clock_that_was_set_forward_and_back_again(stream: Stream) -> None:
    watch = stream.watch()
    stream.put(clean(10))
    watch.catch_up()
    stream.clock.at += 24 * HOUR
    stream.put(clean(10))
    watch.catch_up()
    stream.clock.at -= 24 * HOUR
    watch.catch_up()
    stream.put(clean(10))
    watch.catch_up()
    assert watched(watch).startswith("30 predictions")
    assert "late" not in watched(watch)


# Starting anew


def test_another_baseline_starts_it_anew_and_says_so(stream: Stream) -> None:
    watch = stream.watch()
    stream.put(attacked(60))
    assert watch.catch_up()
    assert standing(watch)
    stream.use(USUAL)
    stream.put(clean(10))
    assert not watch.catch_up()
    assert standing(watch) == []
    assert watched(watch) == (
        "10 predictions watched since 2026-02-14 12:00:08 UTC, when another baseline was put in "
        "force."
    )


def test_another_rate_of_false_alarms_starts_it_anew(stream: Stream) -> None:
    watch = stream.watch()
    stream.put(clean(10))
    watch.catch_up()
    watch.set_settings(StreamSettings(500))
    assert watch.status().problem == "it has not looked yet; it does so every few seconds"
    stream.put(clean(7))
    watch.catch_up()
    assert watch.settings() == StreamSettings(500)
    assert {each.threshold for each in watch.status().outcomes} == {500}
    assert watched(watch).startswith("7 predictions")
    assert watched(watch).endswith("when the rate of false alarms was set.")


def test_a_state_that_cannot_be_read_is_not_passed_over_in_silence(stream: Stream) -> None:
    watch = stream.watch()
    stream.put(clean(10))
    watch.catch_up()
    stream.log.database.rows("UPDATE log.stream_state SET state = '{}'")
    assert watch.status().problem == "it has not looked yet; it does so every few seconds"
    watch.catch_up()
    assert watched(watch).endswith("when its saved state could not be read.")


def test_a_model_of_another_label_set_stops_it(stream: Stream) -> None:
    stream.put(clean(10))
    stream.watch().catch_up()
    stream.baselines = Baselines(BaselinesTable(stream.log.database), 7)
    watch = stream.watch()
    assert not watch.catch_up()
    assert watch.status().problem.startswith("the baseline is of 43 classes and the model tells 7")


# Telling


def test_an_alarm_is_to_be_told_of_once(stream: Stream) -> None:
    watch = stream.watch()
    stream.put(attacked(60))
    assert watch.catch_up()
    assert not watch.catch_up()
    (violation,) = watch.status().outcomes[0].violations
    assert violation.description.startswith("Class 14 Stop came ")
    watch.told([violation, *watch.status().outcomes[-1].violations])
    stream.clock.at += HOUR
    assert not watch.catch_up()


def test_an_alarm_that_nobody_told_of_is_told_of_by_another_process(stream: Stream) -> None:
    stream.put(attacked(60))
    assert stream.watch().catch_up()  # and then that process died
    other = stream.watch()
    assert not other.catch_up()
    stream.clock.at += 31 * SECOND
    assert other.catch_up()


def test_an_alarm_ends_after_a_thousand_predictions_without_another(stream: Stream) -> None:
    watch = stream.watch()
    stream.put(attacked(60))
    watch.catch_up()
    watch.told([v for each in watch.status().outcomes for v in each.violations])
    stream.put(clean(900))
    watch.catch_up()
    assert standing(watch)
    stream.put(clean(200, seed=3))
    watch.catch_up()
    stream.put(clean(1))
    watch.catch_up()
    assert standing(watch) == []


@pytest.mark.parametrize(
    "window", [Window(NOON - HOUR, NOON, "cars"), Window(NOON - 5 * HOUR, NOON - 3 * HOUR)]
)
def test_windows_of_the_past_and_of_one_endpoint_are_another_matter(
    stream: Stream, window: Window
) -> None:
    (outcome,) = stream.watch().outcomes(window)
    assert (outcome.state, outcome.decides) == (RuleState.NOT_COMPUTED, False)
    assert outcome.sentence == f"Not computed: {ELSEWHERE}"


def test_metrics_tell_evidence_and_alarms(stream: Stream) -> None:
    watch = stream.watch()
    stream.put(attacked(60))
    watch.catch_up()
    body = stream.metrics.render().decode()
    evidence = {each.rule.split(", ")[1]: each for each in watch.status().outcomes}
    assert set(evidence) == {"class", "class x flag", "confidence"}
    value = stream.metrics.registry.get_sample_value
    assert value("signwatch_stream_evidence", {"channel": "confidence"}) == pytest.approx(
        evidence["confidence"].figure
    )
    assert value("signwatch_stream_alarms_total", {"channel": "class"}) >= 1
    assert 'signwatch_stream_alarms_total{channel="confidence"} 0.0' in body
    stream.baselines = Baselines(BaselinesTable(stream.log.database), 7)
    stream.watch().catch_up()
    assert "signwatch_stream_evidence{" not in stream.metrics.render().decode()


def test_old_evidence_is_forgotten(stream: Stream) -> None:
    watch = stream.watch()
    stream.put(clean(50))
    watch.catch_up()
    always = Window(NOON - HOUR, NOON + 1000 * HOUR)
    assert watch.evidence(always)
    watch.forget()
    assert watch.evidence(always)
    stream.clock.at += timedelta(days=8)
    watch.forget()
    assert watch.evidence(always) == []


def test_a_class_never_seen_alarms(stream: Stream) -> None:
    stream.clock.at += SECOND
    stream.use(Baseline(CLASSES, dict.fromkeys(range(42), 100)))
    watch = stream.watch()
    stream.put([1, 2, 42, 3, 4, 42, 5, 42, 6, 42])
    assert watch.catch_up()
    (outcome,) = watch.status().outcomes
    assert outcome.violations == (
        Violation(
            "PredictedClass", "baseline_drift_check", outcome.sentence.partition(". Evidence")[0]
        ),
    )
    assert outcome.sentence.startswith("Class 42 ")
    assert "where 0 are usual" in outcome.sentence


def test_one_prediction(stream: Stream) -> None:
    watch = stream.watch()
    stream.log.append([make_capture(prediction=make_prediction(3), inferred_at=NOON)], [])
    stream.clock.at += 5 * SECOND
    assert not watch.catch_up()
    assert [each.state for each in watch.status().outcomes] == [RuleState.HOLDS] * 3


def test_bursts_of_one_source_count_once(stream: Stream) -> None:
    watch = stream.watch()
    stream.put([STOP] * 60)
    assert not watch.catch_up()
    assert watched(watch).startswith("60 predictions")
