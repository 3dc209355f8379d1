"""Lists of SageMaker's calls: narrowed, sorted, in parts."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.endpoint import aws
from core.records.window import Window, now
from core.services import Services
from tests.conftest import TestClient
from tests.support.sagemaker import schedule, traffic


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


def test_the_last_part_promises_no_further_one() -> None:
    def part(**asked: Any) -> dict[str, Any]:
        entries = "abcd"
        return aws.part(asked, "Names", lambda limit, skip: entries[skip : skip + limit], str.upper)

    assert part() == {"Names": ["A", "B", "C", "D"]}
    assert part(MaxResults=3) == {"Names": ["A", "B", "C"], "NextToken": "3"}
    assert part(MaxResults=3, NextToken="3") == {"Names": ["D"]}
    assert part(MaxResults=2) == {"Names": ["A", "B"], "NextToken": "2"}
    assert part(MaxResults=2, NextToken="2") == {"Names": ["C", "D"]}
    assert part(NextToken="4") == {"Names": []}


def test_times_are_after_or_before() -> None:
    document = {"CreationTimeAfter": 0, "CreationTimeBefore": 3600.5, "OtherTimeAfter": 7}
    names = {"CreationTime": "created", "ScheduledTime": "scheduled"}
    assert aws.limits(document, "After", names) == {"created": datetime(1970, 1, 1, tzinfo=UTC)}
    assert aws.limits(document, "Before", names) == {
        "created": datetime(1970, 1, 1, 1, 0, 0, 500_000, UTC)
    }


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"MaxResults": 101}, "MaxResults must lie in 1..100, got 101"),
        ({"MaxResults": 0}, "MaxResults must lie in 1..100, got 0"),
        ({"EndpointName": 7}, "EndpointName must be a string, got 7"),
        ({"MaxResults": True}, "MaxResults must lie in 1..100, got True"),
        ({"NextToken": "-1"}, "NextToken must be one of an earlier answer, got '-1'"),
        ({"NextToken": "9" * 20}, f"NextToken must be one of an earlier answer, got {'9' * 20!r}"),
        (
            {"NextToken": "9" * 5000},
            f"NextToken must be one of an earlier answer, got {'9' * 5000!r}",
        ),
        ({"NextToken": "²"}, "NextToken must be one of an earlier answer, got '²'"),
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
