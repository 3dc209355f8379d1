"""replay --drill."""

from __future__ import annotations

import json
import sys
import time

import click

from core import client
from core.cli.options import VIOLATION, progress_bar
from core.errors import Unavailable
from core.labels import class_name
from core.records.drills import Detection, DrillPlan, DrillReport

POLL_SECONDS = 0.3


def drill(url: str | None, plan: DrillPlan, *, as_json: bool) -> None:
    """Let the running dashboard hold a drill, and print its report; exit 1 without an alarm."""
    if url is None:
        raise Unavailable("no dashboard is running, and a drill goes through it. Start one first")
    report = _report(url, plan)
    if as_json:
        click.echo(json.dumps(report.to_json()))
    else:
        click.echo("\n".join(_lines(report)))
    if report.alarm is None:
        sys.exit(VIOLATION)


def _report(url: str, plan: DrillPlan) -> DrillReport:
    drill_id = client.post(url, "/api/drills", vars(plan))["drill_id"]
    path = f"/api/drills/{drill_id}"
    try:
        with progress_bar() as report:
            while "report" not in (found := client.read(url, path)):
                report(found["done"], found["total"], found["text"])
                time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        client.delete(url, path)
        raise
    return DrillReport.from_json(found["report"])


def _lines(report: DrillReport) -> list[str]:
    """The report for a person."""
    sent = report.attacked + report.interspersed
    lines = [
        f"Drill: {report.plan.title}, {report.plan.attack}, seed {report.plan.seed}",
        f"{report.clean:,} clean requests, then {sent:,} of which {report.attacked:,} attacked",
        report.sentence,
    ]
    for rule in report.detections:
        name = f"{rule.rule}{'' if rule.decides else ' (for comparison)'}"
        lines.append(f"  {name}: {_when(rule)}; false alarms before: {rule.false_alarms}")
    if report.alarm is not None:
        alarm = report.alarm
        lines.append(f"Run {alarm.execution_id} after {alarm.reported_seconds:.1f} s")
    for alert in report.alerts:
        state = "delivered to" if alert.delivered else f"not delivered ({alert.reason}) to"
        lines.append(f"Alert {state} {alert.channel} after {alert.seconds:.1f} s")
    if report.lasting:
        lines.append(f"Still in violation: {report.lasting}")
    return lines


def _when(rule: Detection) -> str:
    if rule.after is None:
        return rule.why
    named = "" if rule.class_id is None else f", named {class_name(rule.class_id)}"
    return f"after {rule.after:,} predictions, {rule.seconds:.1f} s{named}"
