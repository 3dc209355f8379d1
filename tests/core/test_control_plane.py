"""Model Monitor's calls, as botocore sends them and as they go wrong."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from core.capture import RequestFacts
from core.images import Picture
from core.services import Services
from core.types import Window, now
from tests.conftest import TestClient
from tests.pictures import blocks

JOB = {
    "MonitoringInputs": [{"EndpointInput": {"EndpointName": "cars", "LocalPath": "/in"}}],
    "MonitoringOutputConfig": {
        "MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://b", "LocalPath": "/o"}}]
    },
    "MonitoringResources": {
        "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    },
    "MonitoringAppSpecification": {"ImageUri": "any"},
    "RoleArn": "arn:aws:iam::000000000000:role/any",
}


@pytest.fixture
def sagemaker(server: str) -> Iterator[Any]:
    client = boto3.client(
        "sagemaker", endpoint_url=server, region_name="us-east-1", aws_access_key_id="any",
        aws_secret_access_key="any",
    )  # fmt: skip
    yield client
    client.close()


def traffic(signwatch: Services, endpoint: str, count: int) -> int:
    """The class that all of it is predicted as."""
    picture = Picture.from_pixels(blocks(1))
    for _ in range(count):
        answer = signwatch.invoke([picture], RequestFacts(endpoint=endpoint))
    return answer.predictions[0].class_id


def schedule(sagemaker: Any, name: str, **changes: Any) -> Any:
    times = {"ScheduleExpression": "NOW"} | changes.pop("times", {})
    return sagemaker.create_monitoring_schedule(
        MonitoringScheduleName=name,
        MonitoringScheduleConfig={
            "ScheduleConfig": times, "MonitoringJobDefinition": JOB | changes,
        },
    )  # fmt: skip


def refusal(code: int, message: str, call: Any, *arguments: Any, **named: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    response = caught.value.response
    assert response["Error"]["Message"] == message
    assert response["ResponseMetadata"]["HTTPStatusCode"] == code


def test_a_run_is_listed_and_described(sagemaker: Any, signwatch: Services) -> None:
    class_id = traffic(signwatch, "cars", 3)
    traffic(signwatch, "vans", 5)
    begun = now()
    created = schedule(sagemaker, "mine", Environment={"THRESHOLD": "0.9"})
    assert created["MonitoringScheduleArn"].endswith("/mine")
    (listed,) = sagemaker.list_monitoring_executions()["MonitoringExecutionSummaries"]
    (kept,) = signwatch.log.executions(9)
    assert (kept.schedule, kept.window.endpoint, kept.threshold) == ("mine", "cars", 0.9)
    assert kept.window.end - kept.window.start == timedelta(hours=1)
    assert begun <= kept.window.end <= now()
    assert listed["MonitoringScheduleName"] == "mine"
    assert listed["MonitoringExecutionStatus"] == "CompletedWithViolations"
    assert listed["EndpointName"] == "cars"
    assert abs(listed["ScheduledTime"] - kept.started_at) < timedelta(milliseconds=1)
    name = listed["ProcessingJobArn"].split("/")[-1]
    job = sagemaker.describe_processing_job(ProcessingJobName=name)
    description = f"Class {class_id} predicted 100.00% of the time: Exceeded 90.00% threshold"
    assert job["ExitMessage"] == f"CompletedWithViolations: {description}"
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["Environment"] == {"THRESHOLD": "0.9"}
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="mine")
    assert described["LastMonitoringExecutionSummary"] == listed
    assert described["MonitoringScheduleConfig"]["ScheduleConfig"] == {"ScheduleExpression": "NOW"}


def test_an_empty_window_is_told_as_a_failure(sagemaker: Any, signwatch: Services) -> None:
    schedule(sagemaker, "mine")
    (listed,) = sagemaker.list_monitoring_executions()["MonitoringExecutionSummaries"]
    assert listed["MonitoringExecutionStatus"] == "Failed"
    assert listed["FailureReason"].startswith("Failed: no captures between ")
    job = sagemaker.describe_processing_job(
        ProcessingJobName=listed["ProcessingJobArn"].split("/")[-1]
    )
    assert (job["ProcessingJobStatus"], job["FailureReason"]) == ("Failed", listed["FailureReason"])


@pytest.mark.parametrize(
    ("text", "length"),
    [("-PT1H", timedelta(hours=1)), ("-P2D", timedelta(days=2)),
     ("-P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
     ("-PT90M", timedelta(minutes=90))],
)  # fmt: skip
def test_the_window_begins_where_it_is_told_to(
    sagemaker: Any, signwatch: Services, text: str, length: timedelta
) -> None:
    schedule(sagemaker, "mine", times={"DataAnalysisStartTime": text})
    (kept,) = signwatch.log.executions(9)
    assert kept.window.end - kept.window.start == length


def test_lists_are_narrowed_and_turned(sagemaker: Any, signwatch: Services) -> None:
    traffic(signwatch, "cars", 2)
    window = Window(now() - timedelta(hours=1), now() + timedelta(hours=1), "vans")
    signwatch.run_monitor(window)
    for name in ("one", "two"):
        schedule(sagemaker, name)

    def names(**chosen: Any) -> list[str]:
        found = sagemaker.list_monitoring_executions(**chosen)["MonitoringExecutionSummaries"]
        return [each["MonitoringScheduleName"] for each in found]

    assert names() == ["two", "one", "manual"]
    assert names(SortOrder="Ascending") == ["manual", "one", "two"]
    assert names(MaxResults=2) == ["two", "one"]
    assert names(MonitoringScheduleName="one") == ["one"]
    assert names(EndpointName="vans") == ["manual"]
    assert names(StatusEquals="Failed") == ["manual"]
    assert names(StatusEquals="Completed") == []


def test_the_hourly_schedule_can_be_described_before_it_has_run(
    sagemaker: Any, signwatch: Services
) -> None:
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="hourly")
    assert described["MonitoringScheduleConfig"]["ScheduleConfig"] == {
        "ScheduleExpression": "cron(0 * ? * * *)"
    }
    assert "LastMonitoringExecutionSummary" not in described


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"times": {"ScheduleExpression": "cron(0 * ? * * *)"}},
      "ScheduleExpression must be NOW, which runs once, got 'cron(0 * ? * * *)'; every full hour "
      "the monitor runs by itself"),
     ({"times": {"DataAnalysisStartTime": "1 hour"}},
      "expected an offset like -PT1H or -P1DT30M, got '1 hour'"),
     ({"times": {"DataAnalysisStartTime": "-PT"}},
      "expected an offset like -PT1H or -P1DT30M, got '-PT'"),
     ({"Environment": {"THRESHOLD": "half"}}, "Environment.THRESHOLD must be a number, got 'half'"),
     ({"Environment": {"THRESHOLD": "2"}}, "threshold must lie in (0, 1], got 2.0")],
)  # fmt: skip
def test_what_does_not_serve_is_refused_and_nothing_runs(
    sagemaker: Any, signwatch: Services, changes: dict[str, Any], message: str
) -> None:
    traffic(signwatch, "cars", 1)
    refusal(400, message, schedule, sagemaker, "mine", **changes)
    assert signwatch.log.executions(9) == []


def test_what_does_not_exist_is_named(sagemaker: Any, signwatch: Services) -> None:
    refusal(
        404, "no monitoring schedule 'mine' has run yet",
        sagemaker.describe_monitoring_schedule, MonitoringScheduleName="mine",
    )  # fmt: skip
    refusal(
        404, "no execution none in the log",
        sagemaker.describe_processing_job, ProcessingJobName="none",
    )  # fmt: skip


@pytest.mark.parametrize(
    "target", ["", "SageMaker.", "SageMaker.CreateModel", "ListMonitoringExecutions"]
)
def test_other_operations_are_refused(client: TestClient, signwatch: Services, target: str) -> None:
    answer = client.post("/", content="{}", headers={"X-Amz-Target": target})
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        "X-Amz-Target must be SageMaker. and one of CreateMonitoringSchedule, "
        "ListMonitoringExecutions, DescribeMonitoringSchedule, DescribeProcessingJob, "
        f"got {target!r}"
    )


@pytest.mark.parametrize("document", [
    {}, {"MonitoringScheduleName": 1},
    {"MonitoringScheduleName": "a", "MonitoringScheduleConfig": []},
    {"MonitoringScheduleName": "a", "MonitoringScheduleConfig": {"ScheduleConfig": 1}},
    {"MonitoringScheduleName": "a/b"}, {"MaxResults": "9"}, {"ProcessingJobName": None},
])  # fmt: skip
@pytest.mark.parametrize("name", ["CreateMonitoringSchedule", "DescribeMonitoringSchedule",
                                  "DescribeProcessingJob"])  # fmt: skip
def test_a_document_of_another_shape_is_refused(
    client: TestClient, signwatch: Services, name: str, document: dict[str, Any]
) -> None:
    answer = client.post(
        "/", content=json.dumps(document), headers={"X-Amz-Target": f"SageMaker.{name}"}
    )
    assert answer.status_code in (400, 404)
    assert answer.json()["message"]


def test_the_violations_are_read_as_a_file(client: TestClient, signwatch: Services) -> None:
    class_id = traffic(signwatch, "cars", 2)
    execution = signwatch.run_monitor(threshold=0.5)
    path = f"/signwatch/executions/{execution.execution_id}/constraint_violations.json"
    assert client.get(path).json() == {
        "violations": [
            {
                "feature_name": "PredictedClass",
                "constraint_check_type": "baseline_drift_check",
                "description": f"Class {class_id} predicted 100.00% of the time: "
                "Exceeded 50.00% threshold",
            }
        ]
    }
