"""The log of a run, as `boto3.client("logs")` reads that of its processing job."""

from __future__ import annotations

from core import services
from core.endpoint import aws
from core.endpoint.aws import Document
from core.records.monitoring import Execution

STREAM = "algo-1"  # of the one machine of a processing job
END = "f/end"  # the token behind the last line


def describe_streams(document: Document) -> Document:
    """DescribeLogStreams: the one of a run, named by the prefix, once the run has ended."""
    name, _, _ = aws.text(document, "logStreamNamePrefix").partition("/")
    execution = services.current().monitoring.execution(name)
    if services.current().monitoring.execution_log(name) is None:
        return {"logStreams": []}
    at = _milliseconds(execution)
    stream = {"logStreamName": f"{name}/{STREAM}", "creationTime": at, "lastEventTimestamp": at}
    return {"logStreams": [stream]}


def events(document: Document) -> Document:
    """GetLogEvents: all lines of a run at once."""
    name, _, _ = aws.text(document, "logStreamName").partition("/")
    execution = services.current().monitoring.execution(name)
    log = services.current().monitoring.execution_log(name)
    unread = aws.optional_text(document, "nextToken") != END
    at = _milliseconds(execution)
    lines = log.lines if log and unread else ()
    return {
        "events": [{"timestamp": at, "message": line, "ingestionTime": at} for line in lines],
        "nextForwardToken": END,
        "nextBackwardToken": END,
    }


def _milliseconds(execution: Execution) -> int:
    return round(execution.ended_at.timestamp() * 1000)
