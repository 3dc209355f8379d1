"""Predictions as the drift detector reads them, its state with several writers, its e-values."""

from datetime import timedelta

import pytest

from core.errors import BadInput
from core.records.captures import Capture, Provenance
from core.records.drift import DriftSettings, EValuePoint, Observed
from core.records.window import Window
from core.store import CaptureLog, DriftTable
from tests.support.expect import raises
from tests.support.observing import captures
from tests.support.records import NOON, make_capture, make_prediction, make_unanswered

SECOND = timedelta(seconds=1)
HOUR = Window(NOON, NOON + timedelta(hours=1))
ALL = (HOUR.start, HOUR.end)


@pytest.fixture
def table(log: CaptureLog) -> DriftTable:
    return DriftTable(log.database)


def at(seconds: float, class_id: int = 1, **changes: object) -> Capture:
    prediction = make_prediction(class_id, 0.25 + class_id / 32, flagged=class_id == 14)
    return make_capture(prediction=prediction, inferred_at=NOON + seconds * SECOND, **changes)


def ids(seen: Observed) -> list[int]:
    return seen.class_ids.tolist()


def test_predictions_come_in_order_of_time(log: CaptureLog, table: DriftTable) -> None:
    log.append([at(3, 3), at(2, 14), at(1, 2)], [])
    seen, until = table.predictions(NOON, NOON + 3 * SECOND, limit=10)
    assert until == NOON + 3 * SECOND
    assert [seen.moment(row) for row in range(len(seen))] == [NOON + SECOND, NOON + 2 * SECOND]
    assert (ids(seen), seen.flagged.tolist()) == ([2, 14], [False, True])
    assert seen.confidences.tolist() == [0.3125, 0.6875]
    assert seen.sources == [None, None]


def test_their_sources_are_given(log: CaptureLog, table: DriftTable) -> None:
    log.append([at(1), at(2, provenance=Provenance(source="camera-7"))], [])
    assert table.predictions(*ALL, limit=9)[0].sources == [None, "camera-7"]


def test_what_is_not_ones_own_is_left_out(log: CaptureLog, table: DriftTable) -> None:
    imported = at(1, model_sha256=None, probabilities=None, suspicion=None)
    whole = at(1, 14, model_sha256=None)
    unanswered = make_unanswered(inferred_at=NOON + 2 * SECOND)
    log.append([imported, whole, unanswered, at(3, 3)], [])
    assert ids(table.predictions(*ALL, limit=9)[0]) == [3]
    assert ids(table.latest(*ALL, limit=9)) == [3]
    assert table.count(*ALL, NOON) == (1, 0)


def test_a_piece_ends_before_a_moment_that_it_would_cut(log: CaptureLog, table: DriftTable) -> None:
    log.append([at(0, 1), at(1, 2), at(2, 3), at(2, 4), at(3, 5)], [])
    seen, until = table.predictions(*ALL, limit=3)
    assert (ids(seen), until) == ([1, 2], NOON + 2 * SECOND)
    seen, until = table.predictions(until, HOUR.end, limit=3)
    assert (sorted(ids(seen)), until) == ([3, 4, 5], HOUR.end)


def test_an_empty_stretch(table: DriftTable) -> None:
    seen, until = table.predictions(*ALL, limit=3)
    assert (len(seen), until) == (0, HOUR.end)
    assert len(table.latest(*ALL, limit=3)) == 0


def test_the_latest_come_in_order_of_time_too(log: CaptureLog, table: DriftTable) -> None:
    log.append([at(n, n) for n in range(6)], [])
    assert ids(table.latest(NOON + SECOND, NOON + 5 * SECOND, limit=3)) == [2, 3, 4]


def test_counts_on_both_sides_of_a_moment(log: CaptureLog, table: DriftTable) -> None:
    log.append([at(n) for n in range(6)], [])
    assert table.count(NOON, NOON + 5 * SECOND, NOON + 2 * SECOND) == (5, 2)


# State


def test_of_two_that_made_a_state_of_the_same_one_keeps_it(
    log: CaptureLog, table: DriftTable
) -> None:
    assert table.saved() is None
    assert table.save("first", after=None)
    assert not table.save("first too", after=None)
    saved = table.saved()
    assert saved is not None and (saved.revision, saved.state) == (1, "first")
    other = DriftTable(log.database)
    point = EValuePoint("class", NOON, 1.0)
    assert other.save("second", after=saved, points=[point])
    assert not table.save("also second", after=saved, points=[point])
    again = table.saved()
    assert again is not None and (again.revision, again.state) == (2, "second")
    assert table.e_values(HOUR, points=10) == [point]
    log.maintain()
    assert table.saved() == again


def test_what_is_listed_as_taken_is_not_read_again(log: CaptureLog, table: DriftTable) -> None:
    log.append([at(n, n) for n in range(6)], [])
    stretch = (NOON + 2 * SECOND, NOON + 4 * SECOND)
    assert table.save("a", after=None, skip=stretch)
    log.append([at(2.5, 9)], [])
    assert ids(table.predictions(*ALL, limit=99)[0]) == [0, 1, 9, 4, 5]
    assert table.count(*ALL, NOON) == (5, 0)
    assert table.save("b", after=table.saved(), skipped_over=True)
    assert ids(table.predictions(*ALL, limit=99)[0]) == [0, 1, 2, 9, 3, 4, 5]


# E-values


def test_e_values_are_thinned_to_the_highest_of_each_stretch(table: DriftTable) -> None:
    points = [
        EValuePoint(channel, NOON + n * SECOND, 10.0 * factor + n % 7)
        for factor, channel in enumerate(("class", "confidence"), start=1)
        for n in range(100)
    ]
    table.save("a", after=None, points=points)
    minute = Window(NOON, NOON + timedelta(seconds=60))
    found = table.e_values(minute, points=6)
    assert [p.channel for p in found] == ["class"] * 6 + ["confidence"] * 6
    assert {p.e_value for p in found} == {16.0, 26.0}
    assert [p.at for p in found if p.channel == "class"][:2] == [
        NOON + 6 * SECOND,
        NOON + 13 * SECOND,
    ]


def test_old_e_values_are_forgotten(table: DriftTable) -> None:
    points = [EValuePoint("class", NOON + n * SECOND, float(n)) for n in range(4)]
    table.save("a", after=None, points=points)
    table.forget_e_values(NOON + 2 * SECOND)
    assert table.e_values(HOUR, points=3600) == points[2:]


# Settings


def test_the_settings_that_were_set_last_count(table: DriftTable) -> None:
    assert table.settings() is None
    for number, every in enumerate((1_000.0, 500.0)):
        table.set_settings(DriftSettings(every), NOON + number * SECOND)
    assert table.settings() == DriftSettings(500.0)


@pytest.mark.parametrize("every", [0.5, float("nan"), 1e13])
def test_settings_out_of_range_are_refused(every: float) -> None:
    with raises(
        BadInput,
        "the number of predictions with at most one false alarm must lie in 1..1000000000000, "
        f"got {every}",
    ):
        DriftSettings(every)


def test_a_second_of_many_predictions(log: CaptureLog, table: DriftTable) -> None:
    log.append(captures([1] * 300, NOON, seconds=0.001), [])
    assert len(table.predictions(NOON, NOON + SECOND, limit=200)[0]) == 200
