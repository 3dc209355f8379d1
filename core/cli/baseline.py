"""baseline create, baseline export, baseline import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from core import client, datasets
from core.cli.options import fold_option, json_option, out_option, progress_bar
from core.cli.own import own_services
from core.errors import BadInput, NotFound, TooLarge
from core.model.gtsrb import load_official
from core.model.predictor import Predictor
from core.monitoring.data_baseline import draft_of_data
from core.monitoring.formats.json_fields import MAX_BYTES
from core.settings import Settings

STATISTICS, CONSTRAINTS = "statistics.json", "constraints.json"


@click.group()
def baseline() -> None:
    """Baselines: what traffic looks like when all is well."""


@baseline.command("create")
@click.option("--data", help=".npz, folder by class id, or gtsrb:DIR; the model reads it")
@fold_option
@click.option("--since", help="ISO 8601, UTC where no zone is given: captures from then on")
@click.option("--until", help="ISO 8601: captures before then")
@click.option("--endpoint", help="default: all")
@json_option
def create(
    data: str | None,
    fold: datasets.Fold | None,
    since: str | None,
    until: str | None,
    endpoint: str | None,
    as_json: bool,
) -> None:
    """Create a baseline from a data set, or from captures, and put it in force."""
    if (data is None) == (since is None or until is None) or (data and (since or until)):
        raise click.UsageError("give either --data, or both --since and --until")
    if data is not None:
        _add(_from_data(data, fold), as_json)
        return
    given = {"since": since, "until": until, "endpoint": endpoint}
    _add({name: value for name, value in given.items() if value is not None}, as_json)


@baseline.command("export")
@out_option
def export(out: Path) -> None:
    """Write statistics.json and constraints.json of the baseline in force into a folder."""
    for name in (STATISTICS, CONSTRAINTS):
        if (out / name).exists():
            raise BadInput(f"{out / name} is there already; choose another folder")
    files = _in_force()
    out.mkdir(parents=True, exist_ok=True)
    (out / STATISTICS).write_text(files["statistics"])
    (out / CONSTRAINTS).write_text(files["constraints"])
    click.echo(f"{STATISTICS} and {CONSTRAINTS} in {out}")


def _in_force() -> dict[str, str]:
    """The files of the baseline in force; raises NotFound."""
    if url := client.find(Settings.from_environment().local):
        known = client.read(url, "/api/baselines")["in_force"]
        files = client.read(url, f"/api/baselines/{known}") if known else None
    else:
        baselines = own_services().monitoring.baselines
        known = baselines.in_force_id()
        files = vars(baselines.files(known)) if known else None
    if files is None:
        raise NotFound("there is no baseline yet; `baseline create` makes one")
    return files


@baseline.command("import")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
def import_files(folder: Path, as_json: bool) -> None:
    """Read statistics.json and constraints.json of a folder, and put them in force."""
    statistics, constraints = (_text(folder / name) for name in (STATISTICS, CONSTRAINTS))
    origin = f"imported from {folder.resolve().name}"
    _add({"statistics": statistics, "constraints": constraints, "origin": origin}, as_json)


def _from_data(data: str, fold: datasets.Fold | None) -> dict[str, Any]:
    """The files of a baseline from what the model reads in a data set."""
    dataset = load_official(data, "test")
    settings = Settings.from_environment()
    predictor = Predictor.load(settings.model, alpha=settings.alpha)
    classes = predictor.classifier.classes
    name = data if data.startswith("gtsrb:") else Path(data).resolve().name
    with progress_bar() as report:
        draft = draft_of_data(predictor.predict, classes, dataset, name, fold=fold, progress=report)
    return vars(draft.files) | {"origin": draft.origin}


def _add(options: dict[str, Any], as_json: bool) -> None:
    url = client.find(Settings.from_environment().local)
    if url:
        done = client.post(url, "/api/baselines", options)
    else:
        done = own_services().monitoring.baselines.add_with(options).to_json()
    if as_json:
        click.echo(json.dumps(done))
        return
    click.echo(f"baseline of {done['predictions']:,} predictions in force: {done['origin']}")


def _text(path: Path) -> str:
    """A file's text, refused before it is read if it is too long."""
    if (size := path.stat().st_size) > MAX_BYTES:
        raise TooLarge(f"{path} has {size:,} bytes; at most {MAX_BYTES:,} are read")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} must be text in UTF-8: {error.reason}") from error
