"""Reports of drills, and the captures that drills sent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import NotFound
from core.records.captures import Provenance
from core.records.drills import AlertOutcome, Detection, DrillPlan, DrillReport, ReportedAlarm
from core.records.window import Window
from core.store import BaselinesTable, CaptureLog, DrillsTable, QualityTable
from tests.support.expect import raises
from tests.support.records import NOON, make_capture, make_prediction

SECOND = timedelta(seconds=1)
WINDOW = Window(NOON, NOON + 10 * SECOND)
REPORT = DrillReport(
    "one",
    DrillPlan(0.2, 14, "pgd", 3),
    NOON,
    NOON + SECOND,
    NOON + 2 * SECOND,
    300,
    20,
    80,
    0.01,
    (
        Detection("class share", 0.5, True, 1, why="not within 100 predictions"),
        Detection("drift detector, class", 1e4, False, 0, 12, 0.5, 14),
    ),
    ReportedAlarm("Class 14 (Stop) is more frequent", 14, 12, 3.5, "e", 4.0),
    (AlertOutcome("JSON at here", True, "", 4.5),),
)


@pytest.fixture
def table(log: CaptureLog) -> DrillsTable:
    return DrillsTable(log.database)


def put(log: CaptureLog, source: str | None, *, after: int = 0, attack: str | None = None) -> None:
    made = Provenance(source, 1, attack)
    log.append(
        [
            make_capture(
                prediction=make_prediction(1), inferred_at=NOON + after * SECOND, provenance=made
            )
        ],
        [],
    )


def test_a_report_comes_back_as_it_was(table: DrillsTable) -> None:
    later = replace(REPORT, drill_id="two", began_at=NOON + SECOND, alarm=None, alerts=())
    table.add(REPORT)
    table.add(later)
    assert table.latest(9) == [later, REPORT]
    assert table.latest(1) == [later]
    assert table.report("one") == REPORT
    with raises(NotFound, "no drill three in the log; GET /api/drills lists them"):
        table.report("three")


def test_what_drills_sent_is_known_by_its_source(log: CaptureLog, table: DrillsTable) -> None:
    put(log, "drill/one/1")
    put(log, "drill/one/2", after=1, attack="pgd")
    put(log, "drill/two/1", after=2, attack="pgd")
    put(log, None, after=3)
    put(log, "camera", after=3)
    put(log, "drills/one/1", after=3)
    put(log, "drill", after=3)
    assert table.sent(WINDOW) == 3
    assert table.sent(Window(NOON + SECOND, NOON + 2 * SECOND)) == 1
    assert [table.sent_at(NOON + k * SECOND) for k in range(4)] == [True, True, True, False]
    assert table.first_attacked("one") == NOON + SECOND
    assert table.first_attacked("none") is None
    assert table.first_attacked("on") is None


def test_drills_are_no_part_of_baselines_and_of_accuracy(log: CaptureLog) -> None:
    put(log, "drill/one/1")
    put(log, None)
    put(log, "camera")
    assert len(BaselinesTable(log.database).predictions(WINDOW).class_ids) == 2
    quality = QualityTable(log.database)
    assert quality.predictions(WINDOW) == 2
    assert quality.senders_labels(WINDOW) == {(1, 1): 2}
    assert len(quality.confidences(WINDOW)) == 2
