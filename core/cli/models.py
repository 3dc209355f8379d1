"""train, evaluate, model import, model calibrate."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from core import datasets
from core.cli import reports
from core.cli.options import (
    data_option,
    fold_option,
    json_option,
    model_option,
    out_option,
    progress_bar,
    seed_option,
)
from core.model import classifier as classifiers
from core.model import training
from core.model.accuracy import evaluate as measure
from core.model.gtsrb import load_official
from core.model.suspicion.calibration import CALIBRATION_FILE
from core.model.suspicion.fit import calibrate
from core.settings import Settings


@click.command()
@data_option
@out_option
@click.option(
    "--epochs", type=click.IntRange(1), default=training.Recipe().epochs, show_default=True
)
@seed_option
def train(data: str, out: Path, epochs: int, seed: int) -> None:
    """Train the classifier, calibrate it, measure it on held-out tracks."""
    recipe = replace(training.Recipe(), epochs=epochs, seed=seed)
    with progress_bar() as report:
        evaluation = training.train(load_official(data, "training"), out, recipe, report)
    _print_evaluation(evaluation.summary())


@click.command()
@data_option
@model_option
@fold_option
@json_option
def evaluate(data: str, model: Path | None, fold: datasets.Fold | None, as_json: bool) -> None:
    """Measure a model: accuracy, macro F1, calibration error, figures per class."""
    dataset = load_official(data, "test")
    chosen = fold or dataset.natural_fold()
    classifier = classifiers.load(model or Settings.from_environment().model)
    evaluation = measure(classifier, dataset.fold(chosen), fold=chosen)
    if as_json:
        click.echo(json.dumps(asdict(evaluation)))
        return
    _print_evaluation(evaluation.summary())
    for figures in evaluation.per_class:
        recall = "no image" if figures.recall is None else f"recall {figures.recall:.4f}"
        click.echo(f"  {figures.name:40s} {figures.images:6d} images  {recall}")


def _print_evaluation(summary: dict[str, Any]) -> None:
    click.echo(
        f"data      {summary['data']}, {summary['fold']} "
        f"({summary['images']:,} images; whole tracks, split class by class)"
        if summary["fold"] != "all"
        else f"data      {summary['data']}, all {summary['images']:,} images"
    )
    for name in ("accuracy", "macro_f1", "ece"):
        click.echo(f"{name:9s} {summary[name]:.4f}")


@click.group()
def model() -> None:
    """Import weights, calibrate suspicion, measure the detection of attacks."""


@model.command("import")
@click.argument("weights", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--arch", default="resnet18", show_default=True, help="torchvision architecture")
@click.option("--input-size", type=click.IntRange(16, 1024), default=128, show_default=True)
@out_option
def import_model(weights: Path, arch: str, input_size: int, out: Path) -> None:
    """Import a torchvision state dict (.pt, .pth or .safetensors), ImageNet mean and std."""
    imported = classifiers.import_weights(weights, arch, input_size)
    imported.save(out)
    click.echo(f"{weights} -> {out}: {arch}, {imported.classes} classes; set SIGNWATCH_MODEL={out}")


@model.command("calibrate")
@data_option
@model_option
def calibrate_model(data: str, model: Path | None) -> None:
    """Calibrate suspicion on clean images of the train and calibration folds."""
    folder = model or Settings.from_environment().model
    classifier = classifiers.load(folder)
    dataset = load_official(data, "training")
    dataset.require_tracks("a calibration")
    with progress_bar() as report:
        made = calibrate(classifier, dataset.fold("train"), dataset.fold("calibration"), report)
    made.write(folder)
    click.echo(
        f"written: {folder / CALIBRATION_FILE}; {len(made.combined):,} clean images "
        f"of {made.signs:,} signs ranked"
    )


model.add_command(reports.detect)
