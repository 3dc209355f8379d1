"""Model Monitor's calls, as botocore sends them and as they go wrong."""

import json
from typing import Any

import pytest

from core.endpoint.control_plane import OPERATIONS
from core.services import Services
from tests.conftest import TestClient
from tests.support.sagemaker import refusal, schedule, traffic


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"times": {"ScheduleExpression": "hourly"}},
            "expected cron(minutes hours day-of-month month day-of-week year), for example "
            "cron(0 * ? * * *) for every hour, got 'hourly'",
        ),
        (
            {"times": {"ScheduleExpression": "cron(0 0 1 1 ? 2020)"}},
            "cron(0 0 1 1 ? 2020) has no run in the future; choose a later year",
        ),
        (
            {"times": {"DataAnalysisStartTime": "1 hour"}},
            "expected an offset like -PT1H or -P1DT30M, got '1 hour'",
        ),
        (
            {"times": {"DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT2H"}},
            "the window must begin before it ends, at most 366 days before a run, and end no later "
            "than the run; got from -PT1H to -PT2H",
        ),
        (
            {"Environment": {"THRESHOLD": "half"}},
            "Environment.THRESHOLD must be a number, got 'half'",
        ),
        ({"Environment": {"THRESHOLD": "nan"}}, "threshold must lie in (0, 1], got nan"),
        ({"Environment": {"THRESHOLD": "2"}}, "threshold must lie in (0, 1], got 2.0"),
        (
            {"MonitoringInputs": [{"EndpointInput": {"EndpointName": "a_b", "LocalPath": "/in"}}]},
            "endpoint name must be 1 to 63 letters, digits and inner hyphens, got 'a_b'",
        ),
    ],
)
def test_what_does_not_serve_is_refused_and_nothing_runs(
    sagemaker: Any, signwatch: Services, changes: dict[str, Any], message: str
) -> None:
    traffic(signwatch, "cars", 1)
    refusal(400, "ValidationException", message, schedule, sagemaker, "mine", **changes)
    assert signwatch.monitoring.executions(9) == []
    assert [each.schedule.name for each in signwatch.monitoring.schedules.all()] == ["hourly"]


@pytest.mark.parametrize(
    "target", ["", "SageMaker.", "SageMaker.CreateModel", "ListMonitoringExecutions"]
)
def test_other_operations_are_refused(client: TestClient, signwatch: Services, target: str) -> None:
    answer = client.post("/", content="{}", headers={"X-Amz-Target": target})
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        "X-Amz-Target must be SageMaker. and one of CreateMonitoringSchedule, "
        "UpdateMonitoringSchedule, StartMonitoringSchedule, StopMonitoringSchedule, "
        "DeleteMonitoringSchedule, DescribeMonitoringSchedule, ListMonitoringSchedules, "
        f"ListMonitoringExecutions, DescribeProcessingJob, got {target!r}"
    )


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"MonitoringScheduleName": 1},
        {"MonitoringScheduleName": "a", "MonitoringScheduleConfig": []},
        {"MonitoringScheduleName": "a", "MonitoringScheduleConfig": {"ScheduleConfig": 1}},
        {"MonitoringScheduleName": "a/b"},
        {"MaxResults": "9"},
        {"ProcessingJobName": None},
    ],
)
@pytest.mark.parametrize(
    "name", sorted(OPERATIONS.keys() - {"ListMonitoringSchedules", "ListMonitoringExecutions"})
)
def test_a_document_of_another_shape_is_refused(
    client: TestClient, signwatch: Services, name: str, document: dict[str, Any]
) -> None:
    answer = client.post(
        "/", content=json.dumps(document), headers={"X-Amz-Target": f"SageMaker.{name}"}
    )
    assert answer.status_code in (400, 404)
    assert answer.json()["message"]
