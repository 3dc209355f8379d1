"""The log of a run, as `boto3.client("logs")` reads it."""

from typing import Any

from core.services import Services
from core.store import ExecutionsTable
from tests.support.records import make_execution
from tests.support.sagemaker import refusal, traffic

GROUP = "/aws/sagemaker/ProcessingJobs"


def test_a_run_has_one_stream_with_its_lines(logs: Any, signwatch: Services) -> None:
    traffic(signwatch, "cars", 2)
    run = signwatch.monitoring.run()
    log = signwatch.monitoring.execution_log(run.execution_id)
    assert log is not None
    (stream,) = logs.describe_log_streams(
        logGroupName=GROUP, logStreamNamePrefix=f"{run.execution_id}/"
    )["logStreams"]
    assert stream["logStreamName"] == f"{run.execution_id}/algo-1"
    named = {"logGroupName": GROUP, "logStreamName": stream["logStreamName"]}
    found = logs.get_log_events(**named, startFromHead=True)
    assert [each["message"] for each in found["events"]] == list(log.lines)
    at = round(run.ended_at.timestamp() * 1000)
    assert {each["timestamp"] for each in found["events"]} == {at}
    again = logs.get_log_events(**named, nextToken=found["nextForwardToken"])
    assert again["events"] == []
    assert again["nextForwardToken"] == found["nextForwardToken"]


def test_a_run_under_way_has_none_yet(logs: Any, signwatch: Services) -> None:
    begun = make_execution(figures=None, violations=())
    ExecutionsTable(signwatch.log.database).begin(begun)
    name = begun.execution_id
    found = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")
    assert found["logStreams"] == []
    events = logs.get_log_events(logGroupName=GROUP, logStreamName=f"{name}/algo-1")
    assert events["events"] == []


def test_a_run_that_is_not_there_has_clouds_own_code(logs: Any, signwatch: Services) -> None:
    refusal(
        404,
        "ResourceNotFoundException",
        "no run none in the log",
        logs.describe_log_streams,
        logGroupName=GROUP,
        logStreamNamePrefix="none/",
    )
