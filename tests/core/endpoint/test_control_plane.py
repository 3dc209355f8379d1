"""Model Monitor's calls, as botocore sends them and as they go wrong."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from core.capture.provenance import RequestFacts
from core.endpoint.control_plane import OPERATIONS
from core.images import ImageFile
from core.records.monitoring import ExecutionStatus
from core.records.window import Window, now
from core.services import Services
from core.store import ExecutionsTable, SchedulesTable
from tests.conftest import TestClient
from tests.support.images import blocks
from tests.support.records import make_execution

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
        "sagemaker",
        endpoint_url=server,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )
    yield client
    client.close()


def traffic(signwatch: Services, endpoint: str, count: int) -> int:
    """The class that all of it is predicted as."""
    image = ImageFile.from_pixels(blocks(1))
    for _ in range(count):
        answer = signwatch.inference.invoke([image], RequestFacts(endpoint=endpoint))
    return answer.predictions[0].class_id


def schedule(sagemaker: Any, name: str, **changes: Any) -> Any:
    times = {"ScheduleExpression": "NOW"} | changes.pop("times", {})
    return sagemaker.create_monitoring_schedule(
        MonitoringScheduleName=name,
        MonitoringScheduleConfig={
            "ScheduleConfig": times,
            "MonitoringJobDefinition": JOB | changes,
        },
    )


def refusal(status: int, code: str, message: str, call: Any, *arguments: Any, **named: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    response = caught.value.response
    assert response["Error"] == {"Code": code, "Message": message}
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status


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


def test_lists_are_narrowed_and_turned(sagemaker: Any, signwatch: Services) -> None:
    traffic(signwatch, "cars", 2)
    window = Window(now() - timedelta(hours=1), now() + timedelta(hours=1), "vans")
    signwatch.monitoring.run(window)
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
    assert described["MonitoringScheduleStatus"] == "Scheduled"
    assert described["MonitoringScheduleConfig"] == {
        "MonitoringType": "ModelQuality",
        "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
    }
    assert "LastMonitoringExecutionSummary" not in described
    assert "EndpointName" not in described


def test_a_schedule_is_created_described_changed_stopped_started_and_deleted(
    sagemaker: Any, signwatch: Services
) -> None:
    times = {
        "ScheduleExpression": "cron(0/5 * ? * * *)",
        "DataAnalysisStartTime": "-PT3H",
        "DataAnalysisEndTime": "-PT1H",
    }
    before = now()
    created = schedule(sagemaker, "mine", times=times, Environment={"THRESHOLD": "0.9"})
    arn = created["MonitoringScheduleArn"]
    assert arn == "arn:aws:sagemaker:local:000000000000:monitoring-schedule/mine"
    assert signwatch.monitoring.executions(9) == []  # not before it is due
    kept = signwatch.monitoring.schedules.one("mine").schedule
    assert (kept.begins, kept.ends) == (timedelta(hours=3), timedelta(hours=1))
    assert (kept.endpoint, kept.threshold) == ("cars", 0.9)
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="mine")
    assert described["MonitoringScheduleConfig"] == {
        "MonitoringType": "ModelQuality",
        "ScheduleConfig": times,
        "MonitoringJobDefinition": JOB | {"Environment": {"THRESHOLD": "0.9"}},
    }
    assert (described["MonitoringScheduleArn"], described["EndpointName"]) == (arn, "cars")
    assert described["MonitoringScheduleStatus"] == "Scheduled"
    almost = timedelta(milliseconds=1)
    assert before - almost < described["CreationTime"] < now() + almost

    def status() -> str:
        found = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="mine")
        return str(found["MonitoringScheduleStatus"])

    sagemaker.stop_monitoring_schedule(MonitoringScheduleName="mine")
    assert status() == "Stopped"
    updated = sagemaker.update_monitoring_schedule(
        MonitoringScheduleName="mine",
        MonitoringScheduleConfig={
            "ScheduleConfig": {"ScheduleExpression": "cron(0 12 ? * * *)"},
            "MonitoringJobDefinition": JOB,
        },
    )
    assert updated["MonitoringScheduleArn"] == arn
    assert status() == "Stopped"
    changed = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="mine")
    assert changed["MonitoringScheduleConfig"]["ScheduleConfig"] == {
        "ScheduleExpression": "cron(0 12 ? * * *)"
    }
    assert changed["CreationTime"] == described["CreationTime"]
    assert changed["LastModifiedTime"] > described["LastModifiedTime"]
    assert signwatch.monitoring.schedules.one("mine").schedule.threshold is None
    sagemaker.start_monitoring_schedule(MonitoringScheduleName="mine")
    assert status() == "Scheduled"
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName="mine")
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        status()
    assert [each.schedule.name for each in signwatch.monitoring.schedules.all()] == ["hourly"]


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


def test_what_is_due_runs_as_it_was_created(sagemaker: Any, signwatch: Services) -> None:
    class_id = traffic(signwatch, "cars", 3)
    traffic(signwatch, "vans", 5)
    schedule(sagemaker, "mine", times={"ScheduleExpression": "cron(* * ? * * *)"})
    table = SchedulesTable(signwatch.log.database)
    stored = signwatch.monitoring.schedules.one("mine")
    table.change(replace(stored, runs_from=now() - timedelta(minutes=1, seconds=30)))
    signwatch.monitoring.schedules.tick()
    executions = sagemaker.list_monitoring_executions(MonitoringScheduleName="mine")
    listed = executions["MonitoringExecutionSummaries"][0]
    assert listed["ScheduledTime"].second == listed["ScheduledTime"].microsecond == 0
    assert listed["EndpointName"] == "cars"
    done = signwatch.monitoring.executions(1, schedule="mine")[0]
    assert done.window == Window(done.due_at - timedelta(minutes=1), done.due_at, "cars")
    assert set(done.figures.counts) <= {class_id}


def test_schedules_are_listed_narrowed_sorted_and_in_parts(
    sagemaker: Any, signwatch: Services
) -> None:
    often = {"ScheduleExpression": "cron(* * ? * * *)"}
    created = []
    for name in ("b-cars", "a-cars"):
        schedule(sagemaker, name, times=often)
        created.append(signwatch.monitoring.schedules.one(name).created_at)
    sagemaker.stop_monitoring_schedule(MonitoringScheduleName="b-cars")

    def names(**chosen: Any) -> list[str]:
        found = sagemaker.list_monitoring_schedules(**chosen)["MonitoringScheduleSummaries"]
        return [each["MonitoringScheduleName"] for each in found]

    assert names() == ["a-cars", "b-cars", "hourly"]
    assert names(SortOrder="Ascending") == ["hourly", "b-cars", "a-cars"]
    assert names(SortBy="Name") == ["hourly", "b-cars", "a-cars"]
    assert names(SortBy="Status", SortOrder="Ascending") == ["a-cars", "hourly", "b-cars"]
    assert names(EndpointName="cars") == ["a-cars", "b-cars"]
    assert names(StatusEquals="Stopped") == ["b-cars"]
    assert names(NameContains="our") == ["hourly"]
    assert names(CreationTimeAfter=created[0]) == ["a-cars"]
    assert names(CreationTimeBefore=created[1]) == ["b-cars", "hourly"]
    assert names(LastModifiedTimeAfter=created[1]) == ["b-cars"]  # it was stopped then
    assert names(MonitoringTypeEquals="DataQuality") == []
    assert names(MonitoringJobDefinitionName="any") == []
    first = sagemaker.list_monitoring_schedules(MaxResults=2)
    assert len(first["MonitoringScheduleSummaries"]) == 2
    rest = sagemaker.list_monitoring_schedules(MaxResults=2, NextToken=first["NextToken"])
    assert [each["MonitoringScheduleName"] for each in rest["MonitoringScheduleSummaries"]] == [
        "hourly"
    ]
    assert "NextToken" not in rest
    (stopped,) = sagemaker.list_monitoring_schedules(NameContains="b-")[
        "MonitoringScheduleSummaries"
    ]
    assert stopped["MonitoringScheduleStatus"] == "Stopped"
    assert stopped["MonitoringType"] == "ModelQuality"
    assert stopped["EndpointName"] == "cars"


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

    assert count(CreationTimeAfter=made[2].started_at) == 2
    assert count(ScheduledTimeBefore=made[2].started_at) == 2
    assert count(LastModifiedTimeAfter=now() + timedelta(hours=1)) == 0
    assert count(SortBy="Status", MonitoringTypeEquals="ModelQuality") == 5
    assert count(MonitoringTypeEquals="ModelBias") == 0


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


def test_what_does_not_exist_is_named(sagemaker: Any, signwatch: Services) -> None:
    for call in (
        sagemaker.describe_monitoring_schedule,
        sagemaker.start_monitoring_schedule,
        sagemaker.stop_monitoring_schedule,
        sagemaker.delete_monitoring_schedule,
    ):
        refusal(
            404,
            "ResourceNotFound",
            "there is no monitoring schedule 'mine'; there are 'hourly'",
            call,
            MonitoringScheduleName="mine",
        )
    refusal(
        404,
        "ResourceNotFound",
        "no execution none in the log",
        sagemaker.describe_processing_job,
        ProcessingJobName="none",
    )


def test_a_name_that_is_taken_is_in_use(sagemaker: Any, signwatch: Services) -> None:
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        schedule(sagemaker, "hourly")
    refusal(
        409,
        "ResourceInUse",
        "there is a monitoring schedule 'hourly' already; choose another name, or change or delete "
        "that one",
        schedule,
        sagemaker,
        "hourly",
    )
    assert signwatch.monitoring.executions(9) == []


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"MaxResults": 101}, "MaxResults must lie in 1..100, got 101"),
        ({"MaxResults": True}, "MaxResults must lie in 1..100, got True"),
        ({"NextToken": "-1"}, "NextToken must be one of an earlier answer, got '-1'"),
        ({"NextToken": "9" * 20}, f"NextToken must be one of an earlier answer, got {'9' * 20!r}"),
        ({"SortOrder": "Up"}, "SortOrder must be one of Descending, Ascending, got 'Up'"),
        ({"SortOrder": []}, "SortOrder must be one of Descending, Ascending, got []"),
        ({"CreationTimeAfter": "noon"}, "expected a time in seconds since 1970, got 'noon'"),
        ({"LastModifiedTimeBefore": 1e300}, "expected a time in seconds since 1970, got 1e+300"),
    ],
)
@pytest.mark.parametrize("name", ["ListMonitoringSchedules", "ListMonitoringExecutions"])
def test_lists_say_what_they_take(
    client: TestClient, signwatch: Services, name: str, document: dict[str, Any], message: str
) -> None:
    answer = client.post(
        "/", content=json.dumps(document), headers={"X-Amz-Target": f"SageMaker.{name}"}
    )
    assert (answer.status_code, answer.json()["message"]) == (400, message)
    assert answer.headers["x-amzn-errortype"] == "ValidationException"


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": "\\ud800"}'])
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


def test_the_violations_are_read_as_a_file(client: TestClient, signwatch: Services) -> None:
    class_id = traffic(signwatch, "cars", 2)
    execution = signwatch.monitoring.run(threshold=0.5)
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
