"""Runs and their processing jobs, as SageMaker lists and describes them."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from core.endpoint.monitoring_executions import describe_job, summary
from core.monitoring.formats.statistics import read_statistics
from core.records.monitoring import ExecutionStatus
from core.records.window import Window, now
from core.services import Services
from core.store import ExecutionsTable
from tests.conftest import TestClient
from tests.support.records import NOON, make_execution
from tests.support.sagemaker import schedule, traffic


def test_a_run_is_listed_and_described(sagemaker: Any, signwatch: Services) -> None:
    class_id = traffic(signwatch, "cars", 3)
    traffic(signwatch, "vans", 5)
    begun = now()
    created = schedule(sagemaker, "mine", Environment={"THRESHOLD": "0.9"})
    assert created["MonitoringScheduleArn"].endswith("/mine")
    (listed,) = sagemaker.list_monitoring_executions()["MonitoringExecutionSummaries"]
    (kept,) = signwatch.monitoring.executions(9)
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
    assert job["ProcessingResources"]["ClusterConfig"]["InstanceType"] == "ml.m5.large"
    assert job["ProcessingInputs"] == [
        {
            "InputName": "endpoint_input_1",
            "AppManaged": False,
            "S3Input": {
                "S3Uri": "s3://signwatch/captures/cars",
                "LocalPath": "/in",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
                "S3DataDistributionType": "FullyReplicated",
                "S3CompressionType": "None",
            },
        }
    ]
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="mine")
    assert described["LastMonitoringExecutionSummary"] == listed
    assert described["MonitoringScheduleConfig"]["ScheduleConfig"] == {"ScheduleExpression": "NOW"}


def test_an_empty_window_is_reported_as_a_failure(sagemaker: Any, signwatch: Services) -> None:
    schedule(sagemaker, "mine")
    (listed,) = sagemaker.list_monitoring_executions()["MonitoringExecutionSummaries"]
    assert listed["MonitoringExecutionStatus"] == "Failed"
    assert listed["FailureReason"].startswith("Failed: no captures between ")
    job = sagemaker.describe_processing_job(
        ProcessingJobName=listed["ProcessingJobArn"].split("/")[-1]
    )
    assert (job["ProcessingJobStatus"], job["FailureReason"]) == ("Failed", listed["FailureReason"])


def test_executions_come_in_parts_and_by_time(sagemaker: Any, signwatch: Services) -> None:
    made = [signwatch.monitoring.run() for _ in range(5)]
    pages = sagemaker.get_paginator("list_monitoring_executions").paginate(
        SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    parts = [page["MonitoringExecutionSummaries"] for page in pages]
    assert [len(part) for part in parts] == [2, 2, 1]
    names = [each["ProcessingJobArn"].split("/")[-1] for part in parts for each in part]
    assert names == [each.execution_id for each in made]

    def count(**chosen: Any) -> int:
        found = sagemaker.list_monitoring_executions(**chosen)
        return len(found["MonitoringExecutionSummaries"])

    assert count(CreationTimeAfter=made[1].started_at) == 3
    assert count(CreationTimeBefore=made[1].started_at) == 1
    assert count(ScheduledTimeBefore=made[1].started_at) == 1
    assert count(LastModifiedTimeAfter=made[3].ended_at) == 1
    assert count(CreationTimeAfter=made[0].started_at, CreationTimeBefore=made[4].started_at) == 3
    assert count(SortBy="Status", MonitoringTypeEquals="ModelQuality") == 5
    assert count(MonitoringTypeEquals="ModelBias") == 0
    assert count(MonitoringJobDefinitionName="any") == 0


def test_a_summary_in_full() -> None:
    run = make_execution(
        execution_id="one",
        due_at=NOON - timedelta(minutes=5),
        ended_at=NOON + timedelta(seconds=7),
        window=Window(NOON - timedelta(hours=1), NOON, "cars"),
    )
    noon = 1_771_070_400.0
    assert summary(run) == {
        "MonitoringScheduleName": "hourly",
        "ScheduledTime": noon - 300,
        "CreationTime": noon,
        "LastModifiedTime": noon + 7,
        "MonitoringExecutionStatus": "CompletedWithViolations",
        "ProcessingJobArn": "arn:aws:sagemaker:local:000000000000:processing-job/one",
        "MonitoringType": "ModelQuality",
        "EndpointName": "cars",
    }
    failed = make_execution(schedule=None, status=ExecutionStatus.FAILED, message="x" * 2000)
    assert summary(failed) == {
        "MonitoringScheduleName": "manual",
        "ScheduledTime": noon,
        "CreationTime": noon,
        "LastModifiedTime": noon + 0.007,
        "MonitoringExecutionStatus": "Failed",
        "ProcessingJobArn": (
            f"arn:aws:sagemaker:local:000000000000:processing-job/{failed.execution_id}"
        ),
        "MonitoringType": "ModelQuality",
        "FailureReason": "x" * 1024,
    }


def test_an_execution_under_way_is_in_progress(sagemaker: Any, signwatch: Services) -> None:
    begun = make_execution(
        now(), status=ExecutionStatus.IN_PROGRESS, schedule="hourly", figures=None, violations=()
    )
    ExecutionsTable(signwatch.log.database).begin(begun)
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="hourly")
    last = described["LastMonitoringExecutionSummary"]
    assert last["MonitoringExecutionStatus"] == "InProgress"
    job = sagemaker.describe_processing_job(ProcessingJobName=begun.execution_id)
    assert job["ProcessingJobStatus"] == "InProgress"
    assert not {"ExitMessage", "FailureReason", "ProcessingEndTime"} & job.keys()


def test_the_violations_are_a_file_where_the_job_says(
    client: TestClient, signwatch: Services
) -> None:
    class_id = traffic(signwatch, "cars", 2)
    execution = signwatch.monitoring.run(threshold=0.5)
    job = describe_job({"ProcessingJobName": execution.execution_id})
    assert (job["ProcessingStartTime"], job["ProcessingEndTime"]) == (
        execution.started_at.timestamp(),
        execution.ended_at.timestamp(),
    )
    (output,) = job["ProcessingOutputConfig"]["Outputs"]
    folder = output["S3Output"]["S3Uri"].removeprefix("s3:/")
    assert client.get(f"{folder}/constraint_violations.json").json() == {
        "violations": [
            {
                "feature_name": "PredictedClass",
                "constraint_check_type": "baseline_drift_check",
                "description": f"Class {class_id} predicted 100.00% of the time: "
                "Exceeded 50.00% threshold",
            }
        ]
    }


def test_a_run_of_no_schedule_has_an_input_and_a_machine_too(
    sagemaker: Any, signwatch: Services
) -> None:
    run = signwatch.monitoring.run()
    job = sagemaker.describe_processing_job(ProcessingJobName=run.execution_id)
    assert job["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 1
    (given,) = job["ProcessingInputs"]
    assert given["S3Input"]["S3Uri"] == "s3://signwatch/captures"
    assert given["S3Input"]["LocalPath"] == "/opt/ml/processing/input/endpoint"


def test_the_statistics_are_a_file_beside_the_violations(
    client: TestClient, signwatch: Services, s3: Any
) -> None:
    class_id = traffic(signwatch, "cars", 2)
    run = signwatch.monitoring.run()
    answer = client.get(f"/signwatch/executions/{run.execution_id}/statistics.json")
    assert answer.json()["dataset"] == {"item_count": 2}
    assert read_statistics(answer.content).counts == {class_id: 2}
    empty = make_execution(figures=None, violations=())
    ExecutionsTable(signwatch.log.database).begin(empty)
    path = f"/signwatch/executions/{empty.execution_id}/statistics.json"
    with pytest.raises(ClientError) as raised:
        s3.get_object(Bucket="signwatch", Key=path.removeprefix("/signwatch/"))
    assert raised.value.response["Error"] == {
        "Code": "NoSuchKey",
        "Message": f"run {empty.execution_id} counted nothing, so it has no statistics.json",
        "Key": path.removeprefix("/signwatch/"),
    }
