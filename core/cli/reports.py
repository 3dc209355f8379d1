"""attack --report, explain --evaluate, model detect: reports beside a model, and its card."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from core.cli.options import (
    data_option,
    fold_option,
    json_option,
    model_option,
    progress_bar,
    seed_option,
)
from core.datasets import Dataset, Fold
from core.errors import BadInput
from core.evaluation import explanations, robustness, suspicion
from core.evaluation.model_card import quality_rows, write_card
from core.jobs import Progress
from core.model import classifier as classifiers
from core.model.gtsrb import load_official
from core.model.manifest import Manifest
from core.model.predictor import Predictor
from core.records.evaluation.explanations import ExplanationQuality
from core.records.evaluation.report import AnyReport
from core.records.evaluation.robustness import BUDGETS, Robustness
from core.records.evaluation.suspicion import ALPHA, Detection, clean_flagged, detection_rows
from core.samples import SAMPLES
from core.settings import Settings

COUNT = 256  # images drawn for robustness and explanations
ATTACKED = 100  # images attacked for detection


def report_robustness(
    data: str | None,
    fold: Fold | None,
    model: Path | None,
    count: int | None,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure robustness; write robustness.json and README.md beside the model, or into out."""
    data = data or str(SAMPLES)
    _report(robustness.measure, _print_robustness, data, fold, model, count, seed, out, as_json)


def report_explanations(
    data: str,
    fold: Fold | None,
    model: Path | None,
    count: int | None,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure FullGrad; write explanations.json and README.md beside the model, or into out."""
    _report(explanations.measure, _print_quality, data, fold, model, count, seed, out, as_json)


def _report(
    measure: Callable[..., AnyReport],
    show: Callable[[AnyReport], None],
    data: str,
    fold: Fold | None,
    model: Path | None,
    count: int | None,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure the classifier on images drawn evenly over the classes, as `_write` does."""
    folder = model or Settings.from_environment().model
    classifier = classifiers.load(folder)

    def measure_drawn(dataset: Dataset, chosen: Fold, progress: Progress) -> AnyReport:
        drawn = dataset.sample_evenly(count or COUNT, seed=seed)
        return measure(classifier, drawn, fold=chosen, seed=seed, progress=progress)

    _write(measure_drawn, show, classifier.manifest, data, fold, out or folder, as_json)


@click.command("detect")
@data_option
@model_option
@fold_option
@click.option("--count", type=click.IntRange(1), default=ATTACKED, show_default=True)
@seed_option
@json_option
def detect(
    data: str, model: Path | None, fold: Fold | None, count: int, seed: int, as_json: bool
) -> None:
    """Measure how well suspicion finds attacks; writes detection.json and the model card."""
    folder = model or Settings.from_environment().model
    predictor = Predictor.load(folder, alpha=ALPHA)
    classifier, calibration = predictor.classifier, predictor.calibration
    if calibration is None:
        raise BadInput(f"suspicion cannot be measured: {predictor.uncalibrated}")

    def measure(dataset: Dataset, chosen: Fold, progress: Progress) -> Detection:
        return suspicion.measure(
            classifier,
            calibration,
            dataset,
            fold=chosen,
            count=count,
            seed=seed,
            progress=progress,
        )

    _write(measure, _print_detection, classifier.manifest, data, fold, folder, as_json)


def _write(
    measure: Callable[[Dataset, Fold, Progress], AnyReport],
    show: Callable[[AnyReport], None],
    manifest: Manifest,
    data: str,
    fold: Fold | None,
    out: Path,
    as_json: bool,
) -> None:
    """Measure on a data set, and only then write the report and the model card into `out`."""
    dataset = load_official(data, "test")
    chosen = fold or dataset.natural_fold()
    with progress_bar() as progress:
        report = measure(dataset.fold(chosen), chosen, progress)
    report.write(out)
    card = write_card(manifest, out)
    if as_json:
        click.echo(json.dumps(asdict(report)))
        return
    show(report)
    click.echo(f"written: {card.parent / report.FILE}, {card}")


def _print_robustness(report: Robustness) -> None:
    click.echo(f"data      {report.data}, {report.fold} ({report.images:,} images)")
    _print_row("budget", [f"{levels}/255" for levels in BUDGETS])
    for curve in report.curves:
        _print_row(curve.title, [f"{share:.1%}" for share in curve.accuracy])
    aimed = report.targeted
    click.echo(
        f"{aimed.title} to class {aimed.target} at {aimed.levels}/255: "
        f"{aimed.successes} of {aimed.eligible} images"
    )
    _print_row("severity", [str(n) for n in range(1, 6)])
    for each in report.corruptions:
        _print_row(each.title, [f"{share:.1%}" for share in each.accuracy])


def _print_row(name: str, values: list[str]) -> None:
    click.echo(f"{name:16s}" + "".join(f"{value:>8s}" for value in values))


def _print_quality(quality: ExplanationQuality) -> None:
    click.echo(f"data: {quality.data}, {quality.fold} ({quality.images:,} images)")
    for name, value in quality_rows(quality):
        click.echo(f"{name:50s} {value}")


def _print_detection(detection: Detection) -> None:
    click.echo(clean_flagged(detection))
    click.echo(f"{'':30s}{'images':>8s}{'AUROC':>8s}{'softmax':>9s}{'at 1 %':>19s}{'flagged':>19s}")
    for title, images, auroc, softmax, found, flagged in detection_rows(detection):
        click.echo(f"{title:30s}{images:>8s}{auroc:>8s}{softmax:>9s}{found:>19s}{flagged:>19s}")
