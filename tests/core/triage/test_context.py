"""Contexts of items: maps beside clean images, neighbours, group, runs; and what is missing."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NoReturn

import pytest

from core import thumbnails
from core.capture.images import CapturedImages
from core.errors import NotFound, Unavailable
from core.records.captures import Capture, Provenance
from core.records.execution_log import ExecutionLog
from core.records.monitoring import ExecutionStatus
from core.records.triage import COMPARED, Thumbnail
from core.store import CaptureLog, QueueTable
from core.store.executions import ExecutionsTable
from core.triage import ContextBuilder
from tests.core.triage.conftest import LIMITS, SECOND, Explainer, put, put_clean, put_made_of
from tests.support.executions import CLEAN, STOPS, ended
from tests.support.expect import raises
from tests.support.images import blocks
from tests.support.records import NOON, make_capture, make_execution, make_image, make_prediction


@pytest.fixture
def builder(log: CaptureLog, explainer: Explainer) -> ContextBuilder:
    return ContextBuilder(log, QueueTable(log.database), CapturedImages(log, LIMITS), explainer)


def ids(captures: Sequence[Capture]) -> list[str]:
    return [capture.capture_id for capture in captures]


def names(tiles: Sequence[Thumbnail]) -> list[str]:
    return ids([tile.capture for tile in tiles])


def test_its_image_and_its_panels(log: CaptureLog, builder: ContextBuilder) -> None:
    clean = make_image(2)
    log.append([], [clean])
    seen = builder.build(put_made_of(log, clean.sha256).capture_id)
    assert [panel.title for panel in seen.panels] == ["This image", "Clean"]
    assert seen.image == make_image(1).content
    assert seen.problem is None


def test_neighbours_are_of_its_endpoint_and_source_in_order_of_time(
    log: CaptureLog, builder: ContextBuilder
) -> None:
    around = [put(log, 0.001, seconds=number, seed=number) for number in range(15)]
    put(log, 0.001, seconds=7, source="van")
    put_clean(
        log, 14, 1, endpoint="cars", inferred_at=NOON + 7 * SECOND, provenance=Provenance("cam")
    )
    seen = builder.build(around[7].capture_id)
    assert names(seen.around) == ids(around[1:14])


def test_near_duplicates_of_its_group_are_marked(log: CaptureLog, builder: ContextBuilder) -> None:
    group = [put(log, 0.001, seconds=number, seed=seed) for number, seed in enumerate([1, 2, 1])]
    put(log, 0.001, class_id=2)
    seen = builder.build(group[0].capture_id)
    assert names(seen.group) == ids(group[:2])  # the third is the image of the first
    assert [tile.copies for tile in seen.group] == [
        (group[0].capture_id, group[2].capture_id),
        (group[1].capture_id,),
    ]
    assert list(seen.members) == ids(group)
    assert [tile.similar for tile in seen.group] == [True, False]
    assert seen.group[0].image == thumbnails.strip_tile(blocks(1))
    assert names(builder.build(group[2].capture_id).group) == ids([group[1], group[2]])


def test_of_a_large_group_those_nearest_in_time_are_compared(
    log: CaptureLog, builder: ContextBuilder
) -> None:
    captures = [
        make_capture(
            make_image(number),
            inferred_at=NOON + number * SECOND,
            provenance=Provenance("cam"),
            prediction=make_prediction(14, p_value=0.001, flagged=True),
        )
        for number in range(COMPARED + 10)
    ]
    log.append(captures, [])
    for place, first in ((0, 0), (60, 0), (65, 5), (70, 10), (COMPARED + 9, 10)):
        seen = builder.build(captures[place].capture_id)
        assert names(seen.group) == ids(captures[first : first + COMPARED])
        assert list(seen.members) == ids(captures)


def test_runs_over_its_moment_violated_ones_first(log: CaptureLog, builder: ContextBuilder) -> None:
    capture = put(log, 0.001)
    later = timedelta(minutes=30)
    violated = ended(STOPS, NOON + timedelta(minutes=5))
    clean, latest = ended(CLEAN, NOON + later), ended(CLEAN, NOON + later + SECOND)
    under_way = make_execution(NOON + later, status=ExecutionStatus.IN_PROGRESS, violations=())
    table = ExecutionsTable(log.database)
    table.begin(under_way)
    for execution in (
        violated,
        clean,
        latest,
        ended(STOPS, NOON),
        ended(STOPS, NOON + later, endpoint="cars"),
    ):
        table.keep(execution, ExecutionLog(()))
    seen = builder.build(capture.capture_id)
    assert seen.executions == (violated, latest, clean)


def test_without_an_image_there_is_a_reason_and_everything_else(
    log: CaptureLog, builder: ContextBuilder
) -> None:
    first = put(log, 0.001)
    capture = make_capture(
        image_sha256=None,
        provenance=Provenance("cam"),
        inferred_at=NOON + SECOND,
        prediction=make_prediction(14, p_value=0.001, flagged=True),
    )
    log.append([capture], [])
    seen = builder.build(capture.capture_id)
    assert (seen.image, seen.panels) == (None, ())
    assert seen.problem == "no image was captured: only the answer was kept, or imported"
    assert names(seen.group) == ids([first, capture])
    assert seen.around[1].image == thumbnails.no_image()
    assert not any(tile.similar for tile in seen.group)


def test_what_cannot_be_explained_is_compared_all_the_same(log: CaptureLog) -> None:
    def explain(*_: object) -> NoReturn:
        raise Unavailable("the classifier is stopped; start the dashboard again")

    images = CapturedImages(log, LIMITS)
    builder = ContextBuilder(log, QueueTable(log.database), images, explain)
    group = [put(log, 0.001, seconds=number, seed=seed) for number, seed in enumerate([1, 2, 1])]
    seen = builder.build(group[0].capture_id)
    assert (seen.image, seen.panels) == (make_image(1).content, ())
    assert seen.problem == "the classifier is stopped; start the dashboard again"
    assert [tile.similar for tile in seen.group] == [True, False]


def test_one_that_retention_deleted_is_not_found(builder: ContextBuilder) -> None:
    with raises(NotFound, "no capture gone in the log"):
        builder.build("gone")
