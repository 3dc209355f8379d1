"""captures backup, restore, check, salvage: a log as a whole."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

import click

from core import client
from core.cli.options import VIOLATION, json_option
from core.records.window import MOMENT, now
from core.settings import Settings
from core.store import CaptureLog, address_of
from core.store.copying import Copy, check_free, copy_log, prove, restore
from core.store.salvage import Salvaged, check, salvage

file_argument = click.Path(path_type=Path)


@click.command("backup")
@click.argument("folder", metavar="DIR", type=file_argument)
@click.option("--verify", is_flag=True, help="restore it to a temporary folder, and compare")
@json_option
def backup_captures(folder: Path, verify: bool, as_json: bool) -> None:
    """Write the whole log, as of now, to a new file in DIR; the dashboard goes on meanwhile.

    What is written is one file, also of a shared log.
    """
    path = folder / f"signwatch-{now():%Y%m%d-%H%M%S}.duckdb"
    settings = Settings.from_environment()
    url = client.find(settings.local)
    if url:
        _download(url, path)
    else:
        log = CaptureLog(address_of(settings))
        copy_log(log.database, path)
        log.close()
    made = prove(path) if verify else None
    if as_json:
        click.echo(json.dumps(made.to_json() if made else {"path": str(path)}))
    else:
        click.echo(_proved(made) if made else f"{path}: {path.stat().st_size / 1e6:,.1f} MB")


@click.command("restore")
@click.argument("backup", metavar="BACKUP", type=file_argument)
@click.argument("target", metavar="[TARGET]", type=file_argument, required=False)
@json_option
def restore_captures(backup: Path, target: Path | None, as_json: bool) -> None:
    """Prove a backup, by rows and checksums; with TARGET, put it there as a log.

    Start the dashboard with SIGNWATCH_STORE=TARGET then.
    """
    made = restore(backup, target) if target else prove(backup)
    click.echo(json.dumps(made.to_json()) if as_json else _proved(made))


@click.command("check")
@click.argument("file", metavar="[FILE]", type=file_argument, required=False)
@json_option
def check_captures(file: Path | None, as_json: bool) -> None:
    """Read all of a log's file, and list what cannot be read; exit code 1 if there is anything.

    FILE: the log of the settings, if it is left out. No dashboard may have it open.
    """
    _report(check(file or Settings.from_environment().store_path), as_json)


@click.command("salvage")
@click.argument("source", metavar="SOURCE", type=file_argument)
@click.argument("target", metavar="TARGET", type=file_argument)
@json_option
def salvage_captures(source: Path, target: Path, as_json: bool) -> None:
    """Copy what can be read of a damaged log to a new file, and count the rest.

    SOURCE stays as it is. Exit code 1 if anything is lost. Start the dashboard with
    SIGNWATCH_STORE=TARGET then.
    """
    _report(salvage(source, target), as_json)


def _download(url: str, path: Path) -> None:
    check_free(path)
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            for piece in client.stream(url, "/api/captures/backup", {}):
                file.write(piece)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def _proved(made: Copy) -> str:
    rows = sum(found.rows for found in made.tables.values())
    return (
        f"{made.path}: {made.tables['captures'].rows:,} captures, {rows:,} rows in "
        f"{len(made.tables)} tables as of {_utc(made.made_at)}, proved by counts and checksums"
    )


def _utc(moment: datetime) -> str:
    return f"{moment:{MOMENT}} UTC"


def _report(found: Salvaged, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found.to_json()))
    else:
        for problem in found.problems:
            click.echo(problem, err=True)
        for name, table in found.tables.items():
            if table.rows or table.lost:
                lost = f", {table.lost:,} cannot be read" if table.lost else ""
                click.echo(f"{name}: {table.rows:,} rows{lost}")
        click.echo("Damaged" if found.damaged else "Whole")
    if found.damaged:
        sys.exit(VIOLATION)
