"""explain --evaluate."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from core import datasets
from core.cli.options import progress_bar
from core.evaluation.explanations import measure
from core.evaluation.model_card import quality_rows, write_card
from core.model import classifier as classifiers
from core.model.gtsrb import load_official
from core.settings import Settings

COUNT = 256  # images


def evaluate_explanations(
    data: str,
    fold: datasets.Fold | None,
    model: Path | None,
    count: int | None,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure, and only then write explanations.json and README.md, beside the model or in out."""
    folder = model or Settings.from_environment().model
    classifier = classifiers.load(folder)
    dataset = load_official(data, "test")
    chosen = fold or dataset.natural_fold()
    drawn = dataset.fold(chosen).sample_evenly(count or COUNT, seed=seed)
    with progress_bar() as report:
        quality = measure(classifier, drawn, fold=chosen, seed=seed, progress=report)
    quality.write(out or folder)
    card = write_card(classifier.manifest, out or folder)
    if as_json:
        click.echo(json.dumps(asdict(quality)))
        return
    click.echo(f"data: {quality.data}, {quality.fold} ({quality.images:,} images)")
    for name, value in quality_rows(quality):
        click.echo(f"{name:50s} {value}")
    click.echo(f"written: {card.parent / quality.FILE}, {card}")
