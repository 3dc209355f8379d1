"""What `boto3.client("sagemaker")` asks of Model Monitor: POST / in AWS JSON 1.1.

Schedules are created, changed, started, stopped, deleted, listed and described as SageMaker does
it, and their runs are listed and described; their files are read through `boto3.client("s3")`,
their logs through `boto3.client("logs")`.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.endpoint import execution_logs, json_body, monitoring_executions, monitoring_schedules
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
LOGS: dict[str, Callable[[Document], Document]] = {
    "Logs_20140328.DescribeLogStreams": execution_logs.describe_streams,
    "Logs_20140328.GetLogEvents": execution_logs.events,
}
TARGET = Kind("a call", (str,), {"enum": [*(f"SageMaker.{name}" for name in OPERATIONS), *LOGS]})
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
        **dict.fromkeys(("logStreamNamePrefix", "logStreamName", "nextToken"), TEXT),
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
LOG_CODES = {  # CloudWatch's
    "ResourceNotFound": "ResourceNotFoundException",
    "ValidationException": "InvalidParameterException",
}


@Described(body={JSON_1_1: DOCUMENT.schema()}, headers={"x-amz-target": TARGET})
async def operation(request: Request) -> Response:
    """Model Monitor's calls of `boto3.client("sagemaker")`, named by `X-Amz-Target`."""
    target = request.headers.get("x-amz-target", "")
    try:
        answer = await _answer(request, target)
    except SignwatchError as error:
        code = CODES.get(type(error))
        return error_response(error, LOG_CODES.get(code or "", code) if target in LOGS else code)
    return JSONResponse(answer, media_type=JSON_1_1)


async def _answer(request: Request, target: str) -> Document:
    own = target.startswith("SageMaker.")
    known = OPERATIONS.get(target.removeprefix("SageMaker.")) if own else LOGS.get(target)
    if known is None:
        raise BadInput(
            f"X-Amz-Target must be SageMaker. and one of {', '.join(OPERATIONS)}, got {target!r}"
        )
    document = json_body.parse(await read_body(request, MAX_BYTES))
    return await run_in_threadpool(known, document)
