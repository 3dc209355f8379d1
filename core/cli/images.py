"""samples, attack, explain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

import click

from core import datasets
from core.attacks import ATTACKS, export
from core.attacks.lab import Lab
from core.cli.options import (
    epsilon_option,
    fold_option,
    json_option,
    model_option,
    out_option,
    progress_bar,
    seed_option,
)
from core.cli.reports import COUNT, report_explanations, report_robustness
from core.explain import run
from core.explain.export import write_explanations
from core.explain.methods import METHODS
from core.images import read_file
from core.labels import class_name
from core.model import classifier as classifiers
from core.model.gtsrb import load_official
from core.model.predictor import Predictor
from core.records.attacks import AttackPlan
from core.records.explanations import DEFAULT_METHOD
from core.samples import drawing
from core.settings import Settings

Given = TypeVar("Given")
IMAGE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@out_option
def samples(out: Path) -> None:
    """Draw the sample signs."""
    with progress_bar() as report:
        written = drawing.write_samples(out, progress=report)
    click.echo(f"{len(written)} images in {out}")


@click.command()
@click.option(
    "--report",
    "as_report",
    is_flag=True,
    help="measure robustness as a whole; --data, --attack and --out are not needed",
)
@click.option("--data", help=".npz, folder by class id, or gtsrb:DIR; report: the sample signs")
@fold_option
@model_option
@click.option("--attack", "name", type=click.Choice(list(ATTACKS)))
@click.option("--target", type=int, help="class to be predicted; none: any wrong class")
@epsilon_option
@click.option("--steps", type=click.IntRange(1), help="default: the attack's own")
@click.option("--count", type=click.IntRange(1), help=f"images; default 64, report {COUNT}")
@seed_option
@click.option("--out", type=click.Path(path_type=Path), help="folder; report: the model's own")
@json_option
def attack(
    as_report: bool,
    data: str | None,
    fold: datasets.Fold | None,
    model: Path | None,
    name: str | None,
    target: int | None,
    epsilon: float | None,
    steps: int | None,
    count: int | None,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Attack images of a data set; successful images are saved by their true class.

    With --report: accuracy against budget, corruptions and classes, kept as robustness.json and
    README.md beside the model, shown on the Model page.
    """
    if as_report:
        why = "--report runs attacks and budgets of its own"
        _leave_out(why, attack=name, target=target, epsilon=epsilon, steps=steps)
        report_robustness(data, fold, model, count, seed, out, as_json)
        return
    data, name, out = _need("data", data), _need("attack", name), _need("out", out)
    dataset = load_official(data, "test")
    dataset = dataset.fold(fold or dataset.natural_fold()).sample(count or 64, seed=seed)
    settings = Settings.from_environment()
    lab = Lab(Predictor.load(model or settings.model, alpha=settings.alpha))
    info = lab.info(name)
    budget = info.default_epsilon if epsilon is None else epsilon
    plan = AttackPlan(name, target, budget, steps, seed)
    with progress_bar() as report:
        results = lab.attack(plan, dataset.images, dataset.labels.tolist(), report)
    summary = export.write_results(
        results, out, attack=name, epsilon=budget, target=target, seed=seed
    )
    if as_json:
        click.echo(json.dumps(summary))
        return
    click.echo(
        f"{info.title}: {summary['successes']} of {summary['eligible']} eligible images are "
        "misclassified once saved "
        f"({summary['successes_before_rounding']} before rounding to 8 bit); "
        f"images in {out}"
    )


def _need(option: str, value: Given | None) -> Given:
    if value is None:
        raise click.MissingParameter(param_hint=f"'--{option}'", param_type="option")
    return value


def _leave_out(why: str, **options: object) -> None:
    for option, value in options.items():
        if value is not None:
            raise click.UsageError(f"{why}; leave --{option} out, got {value}")


@click.command("explain")
@click.option(
    "--evaluate",
    is_flag=True,
    help="measure how good explanations are, with --data; --image and --out are not needed",
)
@click.option("--image", type=IMAGE)
@click.option("--against", type=IMAGE)
@click.option("--class", "class_id", type=int, help="default: the predicted class of each")
@click.option("--method", type=click.Choice(list(METHODS)), help=f"default: {DEFAULT_METHOD}")
@click.option("--data", help="to evaluate on: .npz, folder by class id, or gtsrb:DIR")
@fold_option
@model_option
@click.option("--count", type=click.IntRange(2), help=f"images to evaluate on; default {COUNT}")
@seed_option
@click.option("--out", type=click.Path(path_type=Path), help="to evaluate: default, the model")
@json_option
def explain(
    evaluate: bool,
    image: Path | None,
    against: Path | None,
    class_id: int | None,
    method: str | None,
    data: str | None,
    fold: datasets.Fold | None,
    model: Path | None,
    count: int | None,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Heat maps as PNG, on one scale where two images are given.

    With --evaluate: completeness, pointing game, deletion and randomisation of FullGrad on images
    of a data set, kept as explanations.json and in README.md beside the model, shown on the Model
    page.
    """
    if evaluate:
        why = "--evaluate measures FullGrad on --data"
        _leave_out(why, image=image, against=against, method=method, **{"class": class_id})
        report_explanations(_need("data", data), fold, model, count, seed, out, as_json)
        return
    _leave_out("only --evaluate takes a data set", data=data, fold=fold, count=count)
    image, out = _need("image", image), _need("out", out)
    paths = [image] if against is None else [image, against]
    images = [read_file(path) for path in paths]
    classifier = classifiers.load(model or Settings.from_environment().model)
    explanations = run.explain_images(
        classifier, images, [class_id] * len(paths), method=method or DEFAULT_METHOD
    )
    result = write_explanations(paths, images, explanations, out)
    if as_json:
        click.echo(json.dumps({"explanations": result}))
        return
    for entry in result:
        residual = "" if entry["residual"] is None else f", residual {entry['residual']:.1e}"
        click.echo(
            f"{entry['image']}: {class_name(entry['class_id'])} {entry['probability']:.1%}"
            f"{residual} -> {entry['map']}"
        )
