"""model detect."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from core import datasets
from core.cli.options import data_option, fold_option, json_option, model_option, progress_bar
from core.errors import BadInput
from core.evaluation.model_card import write_card
from core.evaluation.suspicion import measure
from core.model.gtsrb import load_official
from core.model.predictor import Predictor
from core.records.evaluation.suspicion import ALPHA, detection_rows
from core.settings import Settings

COUNT = 100  # images to attack


@click.command("detect")
@data_option
@model_option
@fold_option
@click.option("--count", type=click.IntRange(1), default=COUNT, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@json_option
def detect(
    data: str, model: Path | None, fold: datasets.Fold | None, count: int, seed: int, as_json: bool
) -> None:
    """Measure how well suspicion finds attacks; writes detection.json and the model card."""
    folder = model or Settings.from_environment().model
    predictor = Predictor.load(folder, alpha=ALPHA)
    if predictor.calibration is None:
        raise BadInput(f"suspicion cannot be measured: {predictor.uncalibrated}")
    dataset = load_official(data, "test")
    chosen = fold or dataset.natural_fold()
    with progress_bar() as report:
        detection = measure(
            predictor.classifier,
            predictor.calibration,
            dataset.fold(chosen),
            fold=chosen,
            count=count,
            seed=seed,
            progress=report,
        )
    detection.write(folder)
    card = write_card(predictor.classifier.manifest, folder)
    if as_json:
        click.echo(json.dumps(asdict(detection)))
        return
    click.echo(f"flagged of {detection.clean:,} clean images: {detection.false_positive_rate:.2%}")
    click.echo(f"{'':30s}{'images':>8s}{'AUROC':>8s}{'softmax':>9s}{'at 1 %':>8s}{'flagged':>9s}")
    for title, images, auroc, softmax, found, flagged in detection_rows(detection):
        click.echo(f"{title:30s}{images:>8s}{auroc:>8s}{softmax:>9s}{found:>8s}{flagged:>9s}")
    click.echo(f"written: {card.parent / detection.FILE}, {card}")
