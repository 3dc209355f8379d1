"""Monitoring schedules, as SageMaker creates, changes, lists and describes them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.records.window import Window, now
from core.services import Services
from core.store import ExecutionsTable, SchedulesTable
from tests.support.records import make_execution
from tests.support.sagemaker import JOB, refusal, schedule, traffic


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


def test_a_schedule_is_described_with_its_own_last_run(sagemaker: Any, signwatch: Services) -> None:
    """The latest of all runs is another schedule's; the one before the last is its own too."""
    table = ExecutionsTable(signwatch.log.database)
    for name, age in (("hourly", 3), ("hourly", 2), ("mine", 1)):
        run = make_execution(now() - timedelta(minutes=age), execution_id=f"{name}-{age}")
        table.begin(replace(run, schedule=name))
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="hourly")
    last = described["LastMonitoringExecutionSummary"]
    assert last["MonitoringScheduleName"] == "hourly"
    assert last["ProcessingJobArn"].endswith(":processing-job/hourly-2")


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
        "no run none in the log",
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
