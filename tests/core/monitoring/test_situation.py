"""How things stand: which class, since when, from where, with which alarms."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.monitoring.situation import risen, situation
from core.records.captures import Provenance
from core.records.drift import DriftAlarm
from core.records.situation import ClassInQuestion, Situation
from core.records.window import Window
from core.store import CaptureLog
from tests.support.records import NOON, make_capture, make_image, make_prediction


@pytest.fixture
def log(tmp_path: Path) -> Iterator[CaptureLog]:
    log = CaptureLog(tmp_path / "log.duckdb")
    yield log
    log.close()


WINDOW = Window(NOON, NOON + timedelta(hours=1))
BASELINE = {14: 20, 2: 980}


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def put(log: CaptureLog, class_id: int, minute: float, count: int, **options: object) -> None:
    image = make_image()
    source, flagged = options.get("source"), bool(options.get("flagged"))
    captures = [
        make_capture(
            image,
            prediction=make_prediction(class_id=class_id, flagged=flagged),
            inferred_at=at(minute) + timedelta(milliseconds=n),
            provenance=Provenance(source=source),
        )
        for n in range(count)
    ]
    log.append(captures, [image])


def found(log: CaptureLog, *alarms: DriftAlarm, drilled: int = 0) -> Situation:
    figures = log.window_figures(WINDOW, low_confidence=0.6)
    return situation(log, WINDOW, figures, 0.5, baseline=BASELINE, alarms=alarms, drilled=drilled)


def alarm(class_id: int | None, minute: float = 30) -> DriftAlarm:
    return DriftAlarm(5, class_id, 1e6, f"{class_id} rose", at(minute), at(minute))


def test_quiet_traffic_is_calm(log: CaptureLog) -> None:
    put(log, 2, 5, 9)
    put(log, 14, 6, 9)
    here = found(log, drilled=3)
    assert here.calm
    assert here.question is None
    assert here.figures.total == 18
    assert here.drilled == 3


def test_the_class_above_the_threshold_since_when_and_from_where(log: CaptureLog) -> None:
    put(log, 2, 5, 4, flagged=True)
    put(log, 14, 28, 7, source="lab", flagged=True)
    put(log, 14, 40, 4, source="camera")
    put(log, 2, 40.3, 1)
    here = found(log)
    assert here.above == ClassInQuestion(14, 11 / 16, 0.02, at(28), "lab", 7)
    assert here.question is here.above
    assert not here.calm


def test_no_source_is_named_where_none_sent_half(log: CaptureLog) -> None:
    for source in ("a", "b", "c"):
        put(log, 14, 10, 2, source=source)
    assert found(log).above == ClassInQuestion(14, 1.0, 0.02, None, None, 0)


def test_an_alarm_names_its_class(log: CaptureLog) -> None:
    put(log, 2, 5, 3)
    put(log, 1, 5, 3)
    put(log, 9, 31, 4, source="lab")
    here = found(log, alarm(None), alarm(9))
    assert here.above is None
    assert here.named == ClassInQuestion(9, 0.4, 0.0, at(30), "lab", 0)
    assert here.alarms == ("None rose", "9 rose")


def test_an_alarm_without_a_class_names_none(log: CaptureLog) -> None:
    put(log, 2, 5, 2)
    put(log, 9, 5, 2)
    here = found(log, alarm(None))
    assert (here.question, here.calm) == (None, False)


def test_the_class_above_the_threshold_stands_before_an_alarm_of_another(log: CaptureLog) -> None:
    put(log, 2, 5, 6)
    here = found(log, alarm(9))
    assert here.named is None
    assert here.question is not None
    assert here.question.class_id == 2


@pytest.mark.parametrize(
    ("stretches", "since"),
    [
        ([(0, 14, 1), (0, 2, 9), (1, 14, 8), (1, 2, 1), (2, 14, 5)], 1),
        ([(0, 14, 9), (1, 2, 9), (5, 14, 9)], 5),
        ([(0, 14, 9), (1, 14, 9)], None),  # it may have been so before
        ([(0, 14, 9), (1, 14, 5), (1, 2, 5)], None),  # it is over
        ([], None),
    ],
)
def test_since_when_it_stays_above(
    stretches: list[tuple[int, int, int]], since: int | None
) -> None:
    counts = [(at(minute), class_id, count) for minute, class_id, count in stretches]
    assert risen(counts, 14, 0.5) == (None if since is None else at(since))
