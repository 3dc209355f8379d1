"""triage export."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import click

from core import running, services
from core.commands.options import out_option
from core.settings import Settings


@click.group()
def triage() -> None:
    """Triage of flagged predictions."""


@triage.command("export")
@out_option
def triage_export(out: Path) -> None:
    """Write what was decided: pictures by right class, and manifest.jsonl."""
    if url := running.find(Settings.from_environment().local):
        content = running.download(url, "/api/triage/export")
    else:
        content = services.current().export_decided()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(out)
        click.echo(f"{len(archive.namelist()) - 1} pictures and manifest.jsonl in {out}")
