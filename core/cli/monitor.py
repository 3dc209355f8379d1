"""monitor run."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from core import client
from core.cli.options import BAD_INPUT, VIOLATION, json_option
from core.cli.own import own_services
from core.records.monitoring import ExecutionStatus
from core.records.plain_text import visible
from core.settings import Settings


@click.group()
def monitor() -> None:
    """Run the monitor."""


@monitor.command("run")
@click.option(
    "--since", help="ISO 8601, UTC where no zone is given; default: the window's length ago"
)
@click.option("--until", help="ISO 8601; default: now")
@click.option("--endpoint", help="default: all")
@click.option("--threshold", type=float, help="share of a class that is a violation, (0, 1]")
@json_option
def monitor_run(as_json: bool, **options: Any) -> None:
    """Run the monitor once; exit code 1 if it finds a violation."""
    given = {name: value for name, value in options.items() if value is not None}
    if url := client.find(Settings.from_environment().local):
        execution = client.post(url, "/api/monitor/run", given)
    else:
        execution = own_services().monitoring.run_with(given).to_json()
    if as_json:
        click.echo(json.dumps(execution))
    else:
        click.echo(visible(execution["message"]))
        counts = execution["counts"] or {}  # nothing was computed where it broke off
        click.echo("{" + ", ".join(f"{k}: {n}" for k, n in counts.items()) + "}")
        for rule in execution["rules"]:
            sentence = rule["sentence"].removeprefix("Not computed: ")  # the state says so
            click.echo(f"{rule['state']:12s} {rule['rule']}: {visible(sentence)}")
    if execution["status"] == ExecutionStatus.FAILED:
        sys.exit(BAD_INPUT)
    sys.exit(VIOLATION if execution["violations"] else 0)
