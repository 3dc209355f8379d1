"""Runs and their processing jobs, as SageMaker lists and describes them."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core import services
from core.endpoint import aws
from core.endpoint.aws import ARN, MONITORING_TYPE, Document
from core.endpoint.download import download
from core.endpoint.not_found import BUCKET, no_such_key
from core.endpoint.openapi import Described
from core.endpoint.schedule_config import config_of
from core.errors import NotFound
from core.records.monitoring import Execution, ExecutionStatus

CLUSTER = {"InstanceCount": 1, "InstanceType": "local", "VolumeSizeInGB": 1}  # runs are in-process
INPUT_PATH = "/opt/ml/processing/input/endpoint"
LONGEST_REASON = 1024  # characters, as SageMaker's
TIMES = {"CreationTime": "created", "ScheduledTime": "scheduled", "LastModifiedTime": "modified"}
ORDERS = {"CreationTime": "created", "ScheduledTime": "scheduled", "Status": "status"}
JOB_STATES = {ExecutionStatus.IN_PROGRESS: "InProgress", ExecutionStatus.FAILED: "Failed"}


@Described()
async def violations_file(request: Request) -> Response:
    """The violations of one run, as `boto3.client("s3")` fetches them."""
    name = request.path_params["execution_id"]
    try:
        execution = await run_in_threadpool(services.current().monitoring.execution, name)
    except NotFound as error:
        return no_such_key(request.url.path.removeprefix(f"/{BUCKET}/"), str(error))
    content = JSONResponse(execution.constraint_violations()).body
    return await download(request, bytes(content), "application/json")


@Described()
async def statistics_file(request: Request) -> Response:
    """The class counts of one run's window, as `boto3.client("s3")` fetches them."""
    name = request.path_params["execution_id"]
    try:
        statistics = await run_in_threadpool(services.current().monitoring.statistics, name)
    except NotFound as error:
        return no_such_key(request.url.path.removeprefix(f"/{BUCKET}/"), str(error))
    return await download(request, statistics.encode(), "application/json")


def list_executions(document: Document) -> Document:
    """ListMonitoringExecutions: the newest first, unless another order is asked for."""
    if _of_another_kind(document):
        return {"MonitoringExecutionSummaries": []}
    schedule, endpoint, status = (
        aws.optional_text(document, field)
        for field in ("MonitoringScheduleName", "EndpointName", "StatusEquals")
    )
    after, before = (aws.limits(document, end, TIMES) for end in ("After", "Before"))
    order, rising = aws.order(document, ORDERS), aws.rising(document)

    def read(limit: int, skip: int) -> list[Execution]:
        return services.current().monitoring.executions(
            limit,
            schedule=schedule,
            endpoint=endpoint,
            status=status,
            after=after,
            before=before,
            order=order,
            rising=rising,
            skip=skip,
        )

    return aws.part(document, "MonitoringExecutionSummaries", read, summary)


def describe_job(document: Document) -> Document:
    """DescribeProcessingJob: the exit message, and where the violations lie."""
    execution = services.current().monitoring.execution(aws.text(document, "ProcessingJobName"))
    job = _definition(execution)
    output = {
        "OutputName": "monitoring_output",
        "S3Output": {
            "S3Uri": f"s3://{BUCKET}/executions/{execution.execution_id}",
            "LocalPath": "/opt/ml/processing/output",
            "S3UploadMode": "Continuous",
        },
    }
    described = {
        "ProcessingJobName": execution.execution_id,
        "ProcessingJobArn": _job_arn(execution),
        "ProcessingJobStatus": JOB_STATES.get(execution.status, "Completed"),
        "ProcessingInputs": [_input(execution, job)],
        "ProcessingResources": {
            "ClusterConfig": aws.nested(aws.nested(job, "MonitoringResources"), "ClusterConfig")
            or CLUSTER
        },
        "AppSpecification": {"ImageUri": "signwatch"},
        "ProcessingOutputConfig": {"Outputs": [output]},
        "Environment": {"THRESHOLD": str(execution.threshold)},
        "CreationTime": execution.started_at.timestamp(),
        "ProcessingStartTime": execution.started_at.timestamp(),
    }
    if execution.status is ExecutionStatus.IN_PROGRESS:
        return described
    ended = {"ProcessingEndTime": execution.ended_at.timestamp()}
    return described | ended | (_failure(execution) or {"ExitMessage": execution.message})


def _definition(execution: Execution) -> Document:
    """The job definition of a run's schedule, as it was sent; empty where none was."""
    try:
        stored = services.current().monitoring.schedules.one(execution.schedule or "")
    except NotFound:
        return {}
    return aws.nested(config_of(stored.schedule), "MonitoringJobDefinition")


def _input(execution: Execution, job: Document) -> Document:
    """What a run read: the captures of its endpoint."""
    endpoint = execution.window.endpoint
    try:
        path = str(job["MonitoringInputs"][0]["EndpointInput"]["LocalPath"])
    except (KeyError, IndexError, TypeError):
        path = INPUT_PATH
    return {
        "InputName": "endpoint_input_1",
        "AppManaged": False,
        "S3Input": {
            "S3Uri": f"s3://{BUCKET}/captures" + (f"/{endpoint}" if endpoint else ""),
            "LocalPath": path,
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }


def summary(execution: Execution) -> Document:
    """A MonitoringExecutionSummary."""
    return {
        "MonitoringScheduleName": execution.schedule or execution.trigger.value,
        "ScheduledTime": (execution.due_at or execution.started_at).timestamp(),
        "CreationTime": execution.started_at.timestamp(),
        "LastModifiedTime": execution.ended_at.timestamp(),
        "MonitoringExecutionStatus": execution.status.value,
        "ProcessingJobArn": _job_arn(execution),
        "MonitoringType": MONITORING_TYPE,
        **({"EndpointName": execution.window.endpoint} if execution.window.endpoint else {}),
        **_failure(execution),
    }


def _failure(execution: Execution) -> Document:
    failed = execution.status is ExecutionStatus.FAILED
    return {"FailureReason": execution.message[:LONGEST_REASON]} if failed else {}


def _job_arn(execution: Execution) -> str:
    return f"{ARN}processing-job/{execution.execution_id}"


def _of_another_kind(document: Document) -> bool:
    """Whether the filter asks for a kind of run that does not exist here."""
    kind = aws.optional_text(document, "MonitoringTypeEquals") or MONITORING_TYPE
    return kind != MONITORING_TYPE or "MonitoringJobDefinitionName" in document
