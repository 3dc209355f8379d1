"""A MonitoringScheduleConfig and the schedule that it describes."""

from datetime import timedelta
from typing import Any

import pytest

from core.endpoint.schedule_config import config_of, schedule_of
from core.errors import BadInput
from core.records.schedules import Schedule
from core.services import Services
from tests.conftest import TestClient
from tests.support.expect import raises
from tests.support.sagemaker import refusal, schedule


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("-PT1H", timedelta(hours=1)),
        ("-P2D", timedelta(days=2)),
        ("-P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("-PT90M", timedelta(minutes=90)),
    ],
)
def test_the_window_begins_where_it_is_asked_to(
    sagemaker: Any, signwatch: Services, text: str, length: timedelta
) -> None:
    schedule(sagemaker, "mine", times={"DataAnalysisStartTime": text})
    (kept,) = signwatch.monitoring.executions(9)
    assert kept.window.end - kept.window.start == length


@pytest.mark.parametrize(
    ("expression", "length"),
    [
        ("cron(0 * ? * * *)", timedelta(hours=1)),
        ("cron(0/5 * ? * * *)", timedelta(minutes=5)),
        ("cron(0 3 ? * * *)", timedelta(days=1)),
        ("cron(0 18 ? * MON-FRI *)", timedelta(days=3)),  # over the weekend
        ("cron(0 8-17 ? * * *)", timedelta(hours=15)),  # over the night
        ("cron(0 0 1 1 ? *)", timedelta(days=366)),
    ],
)
def test_without_a_window_nothing_between_two_runs_is_left_out(
    sagemaker: Any, signwatch: Services, expression: str, length: timedelta
) -> None:
    schedule(sagemaker, "mine", times={"ScheduleExpression": expression})
    kept = signwatch.monitoring.schedules.one("mine").schedule
    assert (kept.begins, kept.ends) == (length, timedelta())


@pytest.mark.parametrize(
    ("expression", "ends", "begins"),
    [
        ("NOW", timedelta(hours=2), timedelta(hours=3)),
        ("cron(0 * ? * * *)", timedelta(minutes=30), timedelta(minutes=90)),
        ("cron(0 0 1 1 ? *)", timedelta(days=1), timedelta(days=366)),  # the longest there is
    ],
)
def test_a_window_that_ends_early_is_as_long(
    expression: str, ends: timedelta, begins: timedelta
) -> None:
    times = {
        "ScheduleExpression": expression,
        "DataAnalysisEndTime": f"-PT{ends // timedelta(minutes=1)}M",
    }
    asked = {
        "MonitoringScheduleName": "mine",
        "MonitoringScheduleConfig": {"ScheduleConfig": times},
    }
    made = schedule_of(asked)
    assert (made.begins, made.ends) == (begins, ends)
    assert config_of(made) == {"MonitoringType": "ModelQuality", "ScheduleConfig": times}


def test_a_schedule_that_nobody_sent_is_written_as_its_window() -> None:
    made = Schedule("mine", "NOW", timedelta(hours=3), timedelta(hours=2), None, None, None)
    assert config_of(made)["ScheduleConfig"] == {
        "ScheduleExpression": "NOW",
        "DataAnalysisStartTime": "-PT3H",
        "DataAnalysisEndTime": "-PT2H",
    }


@pytest.mark.parametrize("threshold", [10**400, "half", "1e400x", [], {}])
def test_a_threshold_that_is_no_number_is_refused(threshold: object) -> None:
    config = {
        "ScheduleConfig": {"ScheduleExpression": "NOW"},
        "MonitoringJobDefinition": {"Environment": {"THRESHOLD": threshold}},
    }
    asked = {"MonitoringScheduleName": "mine", "MonitoringScheduleConfig": config}
    with raises(BadInput, f"Environment.THRESHOLD must be a number, got {threshold!r:.100}"):
        schedule_of(asked)


def test_a_definition_that_sagemaker_keeps_is_refused(sagemaker: Any) -> None:
    refusal(
        400,
        "ValidationException",
        "MonitoringJobDefinitionName names a definition that SageMaker keeps, and none is kept "
        "here; send the definition itself as MonitoringJobDefinition",
        sagemaker.create_monitoring_schedule,
        MonitoringScheduleName="mine",
        MonitoringScheduleConfig={
            "ScheduleConfig": {"ScheduleExpression": "NOW"},
            "MonitoringJobDefinitionName": "kept",
        },
    )


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": [-Infinity]}'])
def test_what_no_json_may_hold_is_refused(
    client: TestClient, signwatch: Services, text: str
) -> None:
    config = f'{{"ScheduleConfig": {{"ScheduleExpression": "NOW"}}, "Tags": {text}}}'
    answer = client.post(
        "/",
        content=f'{{"MonitoringScheduleName": "a", "MonitoringScheduleConfig": {config}}}',
        headers={"X-Amz-Target": "SageMaker.CreateMonitoringSchedule"},
    )
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("MonitoringScheduleConfig must be plain JSON: ")
