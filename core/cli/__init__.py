"""The command line, one module a group of commands."""

import click

from core.cli import baseline, captures, copies, images, models, monitor, reports, traffic, triage


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Signwatch: monitoring for image classifiers, shown on traffic signs."""


models.model.add_command(reports.detect)
for command in (
    copies.backup_captures,
    copies.restore_captures,
    copies.check_captures,
    copies.salvage_captures,
):
    captures.captures.add_command(command)
for command in (
    models.train,
    models.evaluate,
    models.model,
    images.samples,
    images.attack,
    traffic.replay,
    images.explain,
    baseline.baseline,
    monitor.monitor,
    captures.captures,
    triage.triage,
):
    cli.add_command(command)
