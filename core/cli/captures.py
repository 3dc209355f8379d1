"""captures import, captures export."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from core import client
from core.capture.files.exporter import export_window
from core.capture.files.remote import RemoteImporter, remote_frames
from core.capture.files.tree import import_tree
from core.capture.files.writing import write_tree
from core.cli import copies
from core.cli.options import json_option, out_option, progress_bar
from core.cli.own import own_services
from core.records.plain_text import visible
from core.settings import Settings


@click.group()
def captures() -> None:
    """Captures from SageMaker's files, and to them; care of the log."""


@captures.command("import")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
def import_captures(folder: Path, as_json: bool) -> None:
    """Read a tree {endpoint}/{variant}/yyyy/mm/dd/hh/*.jsonl into the log.

    Run again, it goes on where it stopped; what the log has already is not stored twice.
    """
    url = client.find(Settings.from_environment().local)
    log = RemoteImporter(url) if url else own_services().captures.importer()
    with progress_bar() as report:
        done = import_tree(folder, log, report)
    for problem in (*done.left_out, *done.problems):
        click.echo(visible(problem), err=True)
    if as_json:
        click.echo(json.dumps(done.to_json()))
        return
    counts = done.counts
    click.echo(
        f"{counts.lines:,} lines of {done.files:,} files: {counts.stored:,} stored, "
        f"{counts.repeated:,} known already, {counts.ground_truth:,} of ground truth, "
        f"{counts.unreadable:,} unreadable"
    )


@captures.command("export")
@out_option
@click.option("--since", help="ISO 8601, UTC where no zone is given; default: from the first one")
@click.option("--until", help="ISO 8601; default: to the last one")
@click.option("--endpoint", help="default: all")
@json_option
def export_captures(out: Path, as_json: bool, **options: str | None) -> None:
    """Write captures and ground truth into a folder, as SageMaker would."""
    given = {name: value for name, value in options.items() if value is not None}
    window = export_window(given)
    url = client.find(Settings.from_environment().local)
    frames = remote_frames(url, given) if url else own_services().captures.export(window)
    with progress_bar() as report:
        done = write_tree(out, frames, report)
    if as_json:
        click.echo(json.dumps(asdict(done)))
        return
    click.echo(
        f"{done.lines:,} requests and {done.ground_truth:,} lines of ground truth in "
        f"{done.files:,} files under {out}"
    )


for command in (
    copies.backup_captures,
    copies.restore_captures,
    copies.check_captures,
    copies.salvage_captures,
):
    captures.add_command(command)
