"""Lists of SageMaker's calls: narrowed, sorted, in parts."""

import json
from datetime import timedelta
from typing import Any

import pytest

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


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"MaxResults": 101}, "MaxResults must lie in 1..100, got 101"),
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
