"""triage export."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import click

from core import running, services
from core.commands.options import out_option
from core.desk.export import ANNOTATIONS, AUDIT, MANIFEST
from core.settings import Settings


@click.group()
def triage() -> None:
    """Triage of flagged predictions."""


@triage.command("export")
@out_option
def triage_export(out: Path) -> None:
    """Write what was decided: pictures by right class, manifest, annotations, audit trail."""
    if url := running.find(Settings.from_environment().local):
        content = running.download(url, "/api/triage/export")
    else:
        content = services.current().desk.export()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(out)
        beside = {MANIFEST, ANNOTATIONS, AUDIT}
        pictures = len(set(archive.namelist()) - beside)
    click.echo(f"{pictures} pictures, {MANIFEST}, {ANNOTATIONS} and {AUDIT} in {out}")
