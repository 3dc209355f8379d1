"""Plans and reports of drills, as plain JSON and back."""

import json
from dataclasses import replace
from typing import Any

import pytest

from core.errors import BadInput
from core.records.drills import DrillPlan, DrillReport, mark_of, marked
from tests.core.store.test_drills import REPORT
from tests.support.expect import raises


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"share": 0}, "share must lie in (0, 1], got 0"),
        ({"share": 1.5}, "share must lie in (0, 1], got 1.5"),
        ({"target": 43}, "target must be one of the classes 0..42, got 43"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_a_plan_that_means_nothing(options: dict[str, Any], message: str) -> None:
    with raises(BadInput, message):
        DrillPlan(**options)


def test_a_report_says_how_the_drill_ended() -> None:
    assert REPORT.sentence == (
        "Alarm 12 predictions and 3.5 s after the first attacked one: Class 14 (Stop) is more "
        "frequent."
    )
    assert replace(REPORT, alarm=None, attacked=1_020, interspersed=4_080).sentence == (
        "No alarm: 5,100 requests with 20 % of the traffic attacked towards 14 Stop raised no "
        "alarm that names the class."
    )


def test_a_window_is_marked_with_what_drills_sent_into_it() -> None:
    assert marked(0, 400) == ()
    outcomes = marked(100, 400)
    assert [(each.figure, each.decides, each.violations) for each in outcomes] == [
        (0.25, False, ())
    ]
    assert mark_of(outcomes) == (
        "Drill: 100 of the 400 records of this window were sent by a drill"
    )
    assert mark_of(()) == ""


def test_a_report_is_the_same_after_json() -> None:
    document = json.loads(json.dumps(REPORT.to_json()))
    assert DrillReport.from_json(document) == REPORT
    assert document["sentence"] == REPORT.sentence


def test_programs_read_the_keys_of_older_versions() -> None:
    document = REPORT.to_json()
    assert list(document) == [
        "drill_id",
        "plan",
        "began_at",
        "attack_at",
        "ended_at",
        "clean",
        "attacked",
        "unturned",
        "uncovered",
        "noticed",
        "told",
        "alerts",
        "lasting",
        "sentence",
    ]
    assert set(document["told"]) == {
        "description",
        "class_id",
        "after",
        "alarm_seconds",
        "execution_id",
        "told_seconds",
    }


def test_a_rule_of_an_older_version_has_its_name_of_today() -> None:
    document = REPORT.to_json()
    older = [each | {"rule": "stream detector, class"} for each in document["noticed"]]
    found = DrillReport.from_json(document | {"noticed": older})
    assert {each.rule for each in found.detections} == {"drift detector, class"}
