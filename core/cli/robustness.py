"""attack --report."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from core import datasets
from core.cli.options import progress_bar
from core.evaluation.model_card import write_card
from core.evaluation.robustness import measure
from core.model import classifier as classifiers
from core.model.gtsrb import load_official
from core.records.evaluation.robustness import BUDGETS, Robustness
from core.samples import SAMPLES
from core.settings import Settings

COUNT = 256  # images


def make_report(
    data: str | None,
    fold: datasets.Fold | None,
    model: Path | None,
    count: int | None,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure, and only then write robustness.json and README.md, beside the model or into out."""
    folder = model or Settings.from_environment().model
    classifier = classifiers.load(folder)
    dataset = load_official(data or str(SAMPLES), "test")
    chosen = fold or dataset.natural_fold()
    drawn = dataset.fold(chosen).sample_evenly(count or COUNT, seed=seed)
    with progress_bar() as report:
        robustness = measure(classifier, drawn, fold=chosen, seed=seed, progress=report)
    robustness.write(out or folder)
    card = write_card(classifier.manifest, out or folder)
    if as_json:
        click.echo(json.dumps(asdict(robustness)))
        return
    _print(robustness)
    click.echo(f"written: {card.parent / robustness.FILE}, {card}")


def _print(robustness: Robustness) -> None:
    click.echo(f"data      {robustness.data}, {robustness.fold} ({robustness.images:,} images)")
    _print_row("budget", [f"{levels}/255" for levels in BUDGETS])
    for curve in robustness.curves:
        _print_row(curve.title, [f"{share:.1%}" for share in curve.accuracy])
    aimed = robustness.targeted
    click.echo(
        f"{aimed.title} to class {aimed.target} at {aimed.levels}/255: "
        f"{aimed.successes} of {aimed.eligible} images"
    )
    _print_row("severity", [str(n) for n in range(1, 6)])
    for each in robustness.corruptions:
        _print_row(each.title, [f"{share:.1%}" for share in each.accuracy])


def _print_row(name: str, values: list[str]) -> None:
    click.echo(f"{name:16s}" + "".join(f"{value:>8s}" for value in values))
