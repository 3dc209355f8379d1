"""What `boto3.client("sagemaker")` asks of Model Monitor: POST / in AWS JSON 1.1.

A schedule whose expression is NOW runs the monitor once; its executions are listed and described as
SageMaker does, and constraint_violations.json is read through `boto3.client("s3")`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core import services
from core.endpoint.guard import json_object, read_body
from core.errors import BadInput, NotFound
from core.sagemaker import check_endpoint_name, constraint_violations
from core.types import DEFAULT_ENDPOINT, Execution, ExecutionStatus, Window, now

MAX_BYTES = 1_000_000
BUCKET = "signwatch"
MOST = 100
ARN = "arn:aws:sagemaker:local:000000000000:"
DURATION = re.compile(r"-P(?:(\d{1,4})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?")
JSON_1_1 = "application/x-amz-json-1.1"


async def operation(request: Request) -> Response:
    """One operation of the control plane, named by X-Amz-Target."""
    target = request.headers.get("x-amz-target", "")
    known = OPERATIONS.get(target.removeprefix("SageMaker."))
    if not target.startswith("SageMaker.") or known is None:
        raise BadInput(
            f"X-Amz-Target must be SageMaker. and one of {', '.join(OPERATIONS)}, got {target!r}"
        )
    document = json_object(await read_body(request, MAX_BYTES))
    return JSONResponse(await run_in_threadpool(known, document), media_type=JSON_1_1)


async def violations_file(request: Request) -> Response:
    """constraint_violations.json of one execution, where its S3 address says."""
    name = request.path_params["execution_id"]
    execution = await run_in_threadpool(services.current().log.execution, name)
    return JSONResponse(constraint_violations(execution.violations))


def _create_schedule(document: dict[str, Any]) -> dict[str, Any]:
    """CreateMonitoringSchedule: only NOW, which runs once and at once."""
    name = check_endpoint_name(_text(document, "MonitoringScheduleName"))
    config = _object(document, "MonitoringScheduleConfig")
    times = _object(config, "ScheduleConfig")
    expression = _text(times, "ScheduleExpression")
    if expression != "NOW":
        raise BadInput(
            f"ScheduleExpression must be NOW, which runs once, got {expression!r}; "
            "every full hour the monitor runs by itself"
        )
    job = _object(config, "MonitoringJobDefinition")
    at = now()
    start = at + _offset(times.get("DataAnalysisStartTime", "-PT1H"))
    end = at + _offset(times.get("DataAnalysisEndTime", "-PT0H"))
    if start >= end:
        raise BadInput(f"the analysis must begin before it ends, got {start} to {end}")
    services.current().run_monitor(
        Window(start, end, _endpoint(job)), threshold=_threshold(job), schedule=name
    )
    return {"MonitoringScheduleArn": f"{ARN}monitoring-schedule/{name}"}


def _list_executions(document: dict[str, Any]) -> dict[str, Any]:
    """ListMonitoringExecutions: newest first, unless SortOrder is Ascending."""
    most = document.get("MaxResults", MOST)
    if type(most) is not int or not 1 <= most <= MOST:
        raise BadInput(f"MaxResults must lie in 1..{MOST}, got {most!r}")
    chosen = {
        name: None if key not in document else _text(document, key)
        for name, key in (
            ("schedule", "MonitoringScheduleName"), ("endpoint", "EndpointName"),
            ("status", "StatusEquals"),
        )
    }  # fmt: skip
    found = services.current().log.executions(most, **chosen)
    if document.get("SortOrder") == "Ascending":
        found.reverse()
    return {"MonitoringExecutionSummaries": [_summary(each) for each in found]}


def _describe_schedule(document: dict[str, Any]) -> dict[str, Any]:
    """DescribeMonitoringSchedule, with the last execution."""
    name = _text(document, "MonitoringScheduleName")
    log = services.current().log
    last = next(iter(log.executions(1, schedule=name)), None)
    if last is None and name != services.HOURLY:
        raise NotFound(f"no monitoring schedule {name!r} has run yet")
    expression = "cron(0 * ? * * *)" if name == services.HOURLY else "NOW"
    moment = last.started_at if last else now()
    described = {
        "MonitoringScheduleArn": f"{ARN}monitoring-schedule/{name}",
        "MonitoringScheduleName": name,
        "MonitoringScheduleStatus": "Scheduled",
        "MonitoringType": "ModelQuality",
        "CreationTime": moment.timestamp(),
        "LastModifiedTime": moment.timestamp(),
        "MonitoringScheduleConfig": {"ScheduleConfig": {"ScheduleExpression": expression}},
    }
    return described | ({"LastMonitoringExecutionSummary": _summary(last)} if last else {})


def _describe_job(document: dict[str, Any]) -> dict[str, Any]:
    """DescribeProcessingJob: the exit message, and where the violations lie."""
    execution = services.current().log.execution(_text(document, "ProcessingJobName"))
    failed = execution.status is ExecutionStatus.FAILED
    output = {
        "OutputName": "monitoring_output",
        "S3Output": {
            "S3Uri": f"s3://{BUCKET}/executions/{execution.execution_id}",
            "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "Continuous",
        },
    }  # fmt: skip
    return {
        "ProcessingJobName": execution.execution_id,
        "ProcessingJobArn": f"{ARN}processing-job/{execution.execution_id}",
        "ProcessingJobStatus": "Failed" if failed else "Completed",
        "ProcessingResources": {},
        "AppSpecification": {"ImageUri": "signwatch"},
        "ProcessingOutputConfig": {"Outputs": [output]},
        "Environment": {"THRESHOLD": str(execution.threshold)},
        "CreationTime": execution.started_at.timestamp(),
        "ProcessingStartTime": execution.started_at.timestamp(),
        "ProcessingEndTime": execution.ended_at.timestamp(),
        **({"FailureReason": execution.message} if failed else {"ExitMessage": execution.message}),
    }


def _summary(execution: Execution) -> dict[str, Any]:
    summary = {
        "MonitoringScheduleName": execution.schedule or execution.trigger.value,
        "ScheduledTime": execution.started_at.timestamp(),
        "CreationTime": execution.started_at.timestamp(),
        "LastModifiedTime": execution.ended_at.timestamp(),
        "MonitoringExecutionStatus": execution.status.value,
        "ProcessingJobArn": f"{ARN}processing-job/{execution.execution_id}",
        "EndpointName": execution.window.endpoint or DEFAULT_ENDPOINT,
        "MonitoringType": "ModelQuality",
    }
    failed = execution.status is ExecutionStatus.FAILED
    return summary | ({"FailureReason": execution.message} if failed else {})


def _endpoint(job: dict[str, Any]) -> str | None:
    """The endpoint to be monitored: of the first input, else all of them."""
    try:
        return check_endpoint_name(str(job["MonitoringInputs"][0]["EndpointInput"]["EndpointName"]))
    except (KeyError, IndexError, TypeError):
        return None


def _threshold(job: dict[str, Any]) -> float | None:
    """The blog's container takes its threshold from the environment."""
    environment = job.get("Environment")
    given = environment.get("THRESHOLD") if isinstance(environment, dict) else None
    try:
        return None if given is None else float(given)
    except (ValueError, TypeError):
        raise BadInput(f"Environment.THRESHOLD must be a number, got {given!r}") from None


def _offset(text: object) -> timedelta:
    """`-PT1H` -> one hour back."""
    found = DURATION.fullmatch(text) if isinstance(text, str) else None
    if not found or text in ("-P", "-PT"):
        raise BadInput(f"expected an offset like -PT1H or -P1DT30M, got {text!r}")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return -timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise BadInput(f"{name} must be a string, got {value!r}")
    return value


def _object(document: dict[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name, {})
    if not isinstance(value, dict):
        raise BadInput(f"{name} must be an object, got {value!r}")
    return value


OPERATIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "CreateMonitoringSchedule": _create_schedule,
    "ListMonitoringExecutions": _list_executions,
    "DescribeMonitoringSchedule": _describe_schedule,
    "DescribeProcessingJob": _describe_job,
}
