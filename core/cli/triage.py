"""triage export."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import click

from core import client
from core.cli.options import out_option
from core.cli.own import own_services
from core.settings import Settings
from core.triage.export import ANNOTATIONS, AUDIT, MANIFEST


@click.group()
def triage() -> None:
    """Export what was decided in triage."""


@triage.command("export")
@out_option
def triage_export(out: Path) -> None:
    """Write decided captures: images by true class, manifest, annotations, audit trail."""
    if url := client.find(Settings.from_environment().local):
        content = client.download(url, "/api/triage/export")
    else:
        content = own_services().triage.export()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(out)
        images = sum(json.loads(line)["file"] is not None for line in archive.open(MANIFEST))
    click.echo(f"{images} images, {MANIFEST}, {ANNOTATIONS} and {AUDIT} in {out}")
