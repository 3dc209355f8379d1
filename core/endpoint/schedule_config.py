"""A MonitoringScheduleConfig and the schedule that it describes, both ways."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import islice, pairwise

from core.endpoint import aws
from core.endpoint.aws import MONITORING_TYPE, Document
from core.errors import BadInput
from core.monitoring.schedules.cron import Cron
from core.records.schedules import LONGEST, ONCE, Schedule, format_offset, parse_offset
from core.records.window import now

AN_HOUR = timedelta(hours=1)
# Enough of a schedule to see its longest pause: a fortnight of minutes, two years of hours, and
# whole leap years for those that run once a year.
MOST_RUNS, STRETCH = 20_000, timedelta(days=5 * 366)


def schedule_of(document: Document) -> Schedule:
    """The schedule that a request asks for; raises BadInput."""
    config = aws.nested(document, "MonitoringScheduleConfig")
    if "MonitoringJobDefinitionName" in config:
        raise BadInput(
            "MonitoringJobDefinitionName names a definition that SageMaker keeps, and none is kept "
            "here; send the definition itself as MonitoringJobDefinition"
        )
    times, job = (aws.nested(config, key) for key in ("ScheduleConfig", "MonitoringJobDefinition"))
    expression = aws.text(times, "ScheduleExpression").strip()
    ends = parse_offset(times.get("DataAnalysisEndTime", "-PT0H"))
    begins = times.get("DataAnalysisStartTime")
    return Schedule(
        aws.text(document, "MonitoringScheduleName"),
        expression,
        _since_the_run_before(expression, ends) if begins is None else parse_offset(begins),
        ends,
        _endpoint(job),
        _threshold(job),
        _as_sent(config),
    )


def config_of(schedule: Schedule) -> Document:
    """The MonitoringScheduleConfig: as it was sent, or what says the same."""
    if schedule.definition is not None:
        sent: Document = json.loads(schedule.definition)
        return {"MonitoringType": MONITORING_TYPE} | sent
    times = {"ScheduleExpression": schedule.expression}
    if schedule.begins is not None:
        times["DataAnalysisStartTime"] = format_offset(schedule.begins)
        times["DataAnalysisEndTime"] = format_offset(schedule.ends)
    return {"MonitoringType": MONITORING_TYPE, "ScheduleConfig": times}


def _since_the_run_before(expression: str, ends: timedelta) -> timedelta:
    """Model Monitor's window where none is asked for: what came since the run before.

    Where the runs are uneven, as far back as the longest time between two of them.
    """
    if expression == ONCE:
        return ends + AN_HOUR
    at = now()
    runs = islice(Cron.parse(expression).between(at, at + STRETCH), MOST_RUNS)
    longest = max((later - earlier for earlier, later in pairwise(runs)), default=LONGEST)
    return min(ends + longest, LONGEST)


def _as_sent(config: Document) -> str:
    """As it is handed out again; refused where it holds what JSON has no number for."""
    try:
        return json.dumps(config, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise BadInput(f"MonitoringScheduleConfig must be plain JSON: {error}") from error


def _endpoint(job: Document) -> str | None:
    """The endpoint to be monitored: of the first input, else all of them."""
    try:
        name = job["MonitoringInputs"][0]["EndpointInput"]["EndpointName"]
    except (KeyError, IndexError, TypeError):
        return None
    return str(name)


def _threshold(job: Document) -> float | None:
    """The blog's container takes its threshold from the environment."""
    given = aws.nested(job, "Environment").get("THRESHOLD")
    try:
        return None if given is None else float(given)
    except (ValueError, TypeError, OverflowError):
        raise BadInput(f"Environment.THRESHOLD must be a number, got {given!r:.100}") from None
