"""What `boto3.client("sagemaker")` asks of Model Monitor: POST / in AWS JSON 1.1.

Schedules are created, changed, started, stopped, deleted, listed and described as SageMaker does
it, and their runs are listed and described; constraint_violations.json is read through
`boto3.client("s3")`.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.endpoint import json_body, monitoring_executions, monitoring_schedules
from core.endpoint.aws import Document
from core.endpoint.guard import error_response, read_body
from core.endpoint.json_body import NAME, NUMBER, OBJECT, TEXT, WHOLE, Fields, Kind
from core.endpoint.openapi import Described
from core.errors import BadInput, Conflict, NotFound, SignwatchError

MAX_BYTES = 1_000_000
JSON_1_1 = "application/x-amz-json-1.1"
OPERATIONS: dict[str, Callable[[Document], Document]] = {
    "CreateMonitoringSchedule": monitoring_schedules.create,
    "UpdateMonitoringSchedule": monitoring_schedules.update,
    "StartMonitoringSchedule": monitoring_schedules.start,
    "StopMonitoringSchedule": monitoring_schedules.stop,
    "DeleteMonitoringSchedule": monitoring_schedules.delete,
    "DescribeMonitoringSchedule": monitoring_schedules.describe,
    "ListMonitoringSchedules": monitoring_schedules.list_all,
    "ListMonitoringExecutions": monitoring_executions.list_executions,
    "DescribeProcessingJob": monitoring_executions.describe_job,
}
TARGET = Kind("a call", (str,), {"enum": [f"SageMaker.{name}" for name in OPERATIONS]})
# Fields of all calls; each call checks its own.
DOCUMENT = Fields(
    {
        **dict.fromkeys(("MonitoringScheduleName", "ProcessingJobName", "EndpointName"), NAME),
        **dict.fromkeys(("StatusEquals", "NameContains", "MonitoringTypeEquals"), TEXT),
        **dict.fromkeys(("MonitoringJobDefinitionName", "SortBy", "SortOrder", "NextToken"), TEXT),
        **{
            f"{field}{end}": NUMBER
            for field in ("CreationTime", "ScheduledTime", "LastModifiedTime")
            for end in ("After", "Before")
        },
        "MaxResults": WHOLE,
        "MonitoringScheduleConfig": OBJECT,
    },
    open=True,
)
# SageMaker's names: botocore makes classes of its exceptions of them.
CODES: dict[type[SignwatchError], str] = {
    BadInput: "ValidationException",
    NotFound: "ResourceNotFound",
    Conflict: "ResourceInUse",
}


@Described(body={JSON_1_1: DOCUMENT.schema()}, headers={"x-amz-target": TARGET})
async def operation(request: Request) -> Response:
    """Model Monitor's calls of `boto3.client("sagemaker")`, named by `X-Amz-Target`."""
    try:
        answer = await _answer(request)
    except SignwatchError as error:
        return error_response(error, CODES.get(type(error)))
    return JSONResponse(answer, media_type=JSON_1_1)


async def _answer(request: Request) -> Document:
    target = request.headers.get("x-amz-target", "")
    known = OPERATIONS.get(target.removeprefix("SageMaker."))
    if not target.startswith("SageMaker.") or known is None:
        raise BadInput(
            f"X-Amz-Target must be SageMaker. and one of {', '.join(OPERATIONS)}, got {target!r}"
        )
    document = json_body.parse(await read_body(request, MAX_BYTES))
    return await run_in_threadpool(known, document)
