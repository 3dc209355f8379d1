"""Baselines in the log: what comes back, which one is in force, and what they are made of."""

from datetime import timedelta

import pytest

from core.errors import NotFound
from core.records.baselines import BaselineFiles, StoredBaseline
from core.records.captures import Provenance
from core.records.window import Window
from core.store import BaselinesTable, CaptureLog
from tests.support.expect import raises
from tests.support.records import (
    NO_PREDICTION,
    NOON,
    make_capture,
    make_prediction,
    make_unanswered,
)

AROUND_NOON = Window(NOON - timedelta(hours=1), NOON + timedelta(hours=1))
FIRST = StoredBaseline("b-1", "captures of the morning", NOON, 7)
SECOND = StoredBaseline("b-2", "data set «held-out»", NOON + timedelta(minutes=1), 9)
FILES = BaselineFiles('{"version": 0.0}\n', '{"features": ["größer"]}\n')


@pytest.fixture
def table(log: CaptureLog) -> BaselinesTable:
    return BaselinesTable(log.database)


def test_an_empty_log_has_no_baseline(table: BaselinesTable) -> None:
    assert (table.all(), table.in_force()) == ([], None)
    with raises(NotFound, "no baseline b-1 in the log"):
        table.files("b-1")
    with raises(NotFound, "no baseline b-1 in the log"):
        table.choose("b-1", NOON)
    assert table.in_force() is None


def test_a_baseline_comes_back_and_the_newest_is_in_force(table: BaselinesTable) -> None:
    table.add(FIRST, FILES)
    assert table.in_force() == "b-1"
    table.add(SECOND, BaselineFiles("{}", "{}"))
    assert table.all() == [SECOND, FIRST]
    assert table.files("b-1") == FILES
    assert table.in_force() == "b-2"


def test_the_choice_that_was_made_last_counts(table: BaselinesTable) -> None:
    table.add(FIRST, FILES)
    table.add(SECOND, FILES)
    assert table.chosen() == ("b-2", SECOND.created_at)
    table.choose("b-1", NOON + timedelta(minutes=2))
    assert table.in_force() == "b-1"
    assert table.chosen() == ("b-1", NOON + timedelta(minutes=2))
    assert len(table.all()) == 2


def test_a_window_s_predictions_by_column(log: CaptureLog, table: BaselinesTable) -> None:
    log.append(
        [
            make_capture(prediction=make_prediction(14, 0.75, p_value=0.5)),
            make_capture(prediction=make_prediction(2, 0.5, p_value=0.001, flagged=True)),
            make_capture(prediction=make_prediction(3), provenance=Provenance(attack="pgd")),
            make_capture(prediction=make_prediction(4), inferred_at=AROUND_NOON.end),
            make_unanswered(),
        ],
        [],
    )
    found = table.predictions(AROUND_NOON)
    assert found.flagged is not None
    order = found.class_ids.argsort()
    assert found.class_ids[order].tolist() == [2, 14]
    assert found.flagged[order].tolist() == [True, False]
    assert found.confidences[order].tolist() == [0.5, 0.75]
    assert found.p_values[order].tolist() == [0.001, 0.5]


def test_what_a_prediction_does_not_tell_is_left_out(
    log: CaptureLog, table: BaselinesTable
) -> None:
    silent = make_capture(**NO_PREDICTION | {"class_id": 7})
    log.append([make_capture(prediction=make_prediction(14, 0.75)), silent], [])
    found = table.predictions(AROUND_NOON)
    assert sorted(found.class_ids.tolist()) == [7, 14]
    assert found.flagged is None
    assert (found.confidences.tolist(), found.p_values.tolist()) == ([0.75], [0.5])


def test_a_window_without_predictions_has_empty_columns(table: BaselinesTable) -> None:
    found = table.predictions(AROUND_NOON)
    assert len(found.class_ids) == len(found.confidences) == len(found.p_values) == 0
