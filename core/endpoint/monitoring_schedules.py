"""Monitoring schedules, as SageMaker creates, changes, lists and describes them."""

from __future__ import annotations

from typing import Any

from core import services
from core.endpoint import aws
from core.endpoint.aws import ARN, Document
from core.endpoint.monitoring_executions import summary
from core.endpoint.schedule_config import config_of, schedule_of
from core.records.schedules import StoredSchedule

TIMES = {"CreationTime": "created_at", "LastModifiedTime": "changed_at"}
ORDERS = {"CreationTime": "created_at", "Name": "name", "Status": "status"}


def create(document: Document) -> Document:
    """CreateMonitoringSchedule: a cron expression, or `NOW`, which runs once and at once."""
    schedule = schedule_of(document)
    services.current().monitoring.schedules.create(schedule)
    return _arn(schedule.name)


def update(document: Document) -> Document:
    """UpdateMonitoringSchedule: the whole configuration anew."""
    schedule = schedule_of(document)
    services.current().monitoring.schedules.change(schedule)
    return _arn(schedule.name)


def start(document: Document) -> Document:
    """StartMonitoringSchedule: it runs again from now on."""
    services.current().monitoring.schedules.start(_name(document))
    return {}


def stop(document: Document) -> Document:
    """StopMonitoringSchedule: a run under way still ends."""
    services.current().monitoring.schedules.stop(_name(document))
    return {}


def delete(document: Document) -> Document:
    """DeleteMonitoringSchedule: its runs stay."""
    services.current().monitoring.schedules.delete(_name(document))
    return {}


def describe(document: Document) -> Document:
    """DescribeMonitoringSchedule: with its last run."""
    name = _name(document)
    stored = services.current().monitoring.schedules.one(name)
    described = _summary(stored) | {"MonitoringScheduleConfig": config_of(stored.schedule)}
    for last in services.current().monitoring.executions(1, schedule=name):
        described["LastMonitoringExecutionSummary"] = summary(last)
    return described


def list_all(document: Document) -> Document:
    """ListMonitoringSchedules: the newest first, unless another order is asked for."""
    key = aws.order(document, ORDERS)
    found = sorted(
        (each for each in services.current().monitoring.schedules.all() if _wanted(each, document)),
        key=lambda each: (_field(each, key), each.schedule.name),
        reverse=not aws.rising(document),
    )
    return aws.part(
        document,
        "MonitoringScheduleSummaries",
        lambda limit, skip: found[skip : skip + limit],
        _summary,
    )


def _wanted(stored: StoredSchedule, document: Document) -> bool:
    """Whether the filters of a list let a schedule through."""
    schedule = stored.schedule
    asked: list[tuple[str, Any]] = [
        ("EndpointName", schedule.endpoint),
        ("StatusEquals", stored.status.value),
        ("MonitoringTypeEquals", config_of(schedule)["MonitoringType"]),
        ("MonitoringJobDefinitionName", None),
    ]
    after, before = (aws.limits(document, end, TIMES) for end in ("After", "Before"))
    return (
        all(aws.optional_text(document, field) in (None, value) for field, value in asked)
        and (aws.optional_text(document, "NameContains") or "") in schedule.name
        and all(_field(stored, key) > moment for key, moment in after.items())
        and all(_field(stored, key) < moment for key, moment in before.items())
    )


def _field(stored: StoredSchedule, key: str) -> Any:
    return stored.schedule.name if key == "name" else getattr(stored, key)


def _summary(stored: StoredSchedule) -> Document:
    schedule = stored.schedule
    return {
        **_arn(schedule.name),
        "MonitoringScheduleName": schedule.name,
        "MonitoringScheduleStatus": stored.status.value,
        "MonitoringType": config_of(schedule)["MonitoringType"],
        "CreationTime": stored.created_at.timestamp(),
        "LastModifiedTime": stored.changed_at.timestamp(),
        **({"EndpointName": schedule.endpoint} if schedule.endpoint else {}),
    }


def _name(document: Document) -> str:
    return aws.text(document, "MonitoringScheduleName")


def _arn(name: str) -> Document:
    return {"MonitoringScheduleArn": f"{ARN}monitoring-schedule/{name}"}
