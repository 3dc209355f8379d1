"""The command line: python -m core ...

Exit codes: 0, 1 (the question's answer is "violation"), 2 (bad use or bad input).
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from core import datasets, exports, replay, running, services, signs
from core.endpoint.commands import run_monitor
from core.errors import SignwatchError
from core.images import read_file
from core.labels import class_name
from core.settings import Settings
from core.types import ExecutionStatus
from core.vision import classifier as classifiers
from core.vision import lab, training
from core.vision.attacks import ATTACKS
from core.vision.evaluation import evaluate as measure
from core.vision.gtsrb import load_official

VIOLATION = 1
BAD_INPUT = 2


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int, str], None]]:
    """A bar on stderr, so that stdout holds the result alone."""
    with tqdm(total=None, file=sys.stderr, dynamic_ncols=True, leave=False) as bar:

        def report(done: int, total: int, text: str) -> None:
            bar.total = total
            bar.set_description(text, refresh=False)
            bar.update(done - bar.n)
            if done >= total:
                bar.refresh()  # the last state is shown, however soon it came

        yield report


def share_of_range(context: click.Context, parameter: click.Parameter, value: str) -> float:
    """`8/255` or `0.03` -> a number."""
    try:
        return float(Fraction(value))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise click.BadParameter(
            f"expected a number or a fraction like 8/255, got {value!r}"
        ) from None


data_option = click.option(
    "--data", "data", required=True, help=".npz, folder by class id, or gtsrb:DIR"
)
fold_option = click.option(
    "--fold",
    type=click.Choice(datasets.FOLDS),
    help="part of a set with tracks; default held-out, without tracks all",
)
json_option = click.option("--json", "as_json", is_flag=True, help="one JSON object on stdout")
model_option = click.option("--model", type=click.Path(path_type=Path), help="model folder")
out_option = click.option("--out", type=click.Path(path_type=Path), required=True)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Signwatch: monitoring for image classifiers, shown on traffic signs."""


@cli.command()
@data_option
@out_option
@click.option(
    "--epochs", type=click.IntRange(1), default=training.Recipe().epochs, show_default=True
)
@click.option("--seed", type=int, default=0, show_default=True)
def train(data: str, out: Path, epochs: int, seed: int) -> None:
    """Train the classifier, calibrate it, measure it on held-out tracks."""
    recipe = replace(training.Recipe(), epochs=epochs, seed=seed)
    with progress_bar() as report:
        evaluation = training.train(load_official(data, "training"), out, recipe, report)
    _print_evaluation(evaluation.summary())


@cli.command()
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
    click.echo(f"data      {summary['data']}, {summary['fold']} "
               f"({summary['images']:,} images; whole tracks, split class by class)"
               if summary["fold"] != "all" else
               f"data      {summary['data']}, all {summary['images']:,} images")  # fmt: skip
    for name in ("accuracy", "macro_f1", "ece"):
        click.echo(f"{name:9s} {summary[name]:.4f}")


@cli.group()
def model() -> None:
    """Models: import weights from elsewhere."""


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


@cli.command()
@out_option
def samples(out: Path) -> None:
    """Draw the sample signs."""
    with progress_bar() as report:
        written = signs.write_samples(out, progress=lambda d, n: report(d, n, "drawn"))
    click.echo(f"{len(written)} pictures in {out}")


@cli.command()
@data_option
@fold_option
@model_option
@click.option("--attack", "name", type=click.Choice(list(ATTACKS)), required=True)
@click.option("--target", type=int, help="class to be predicted; none: any wrong class")
@click.option("--epsilon", default="8/255", callback=share_of_range, show_default=True)
@click.option("--steps", type=click.IntRange(1), help="default: the attack's own")
@click.option("--count", type=click.IntRange(1), default=64, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@out_option
@json_option
def attack(
    data: str, fold: datasets.Fold | None, model: Path | None, name: str, target: int | None,
    epsilon: float, steps: int | None, count: int, seed: int, out: Path, as_json: bool,
) -> None:  # fmt: skip
    """Attack images of a data set; successful pictures are saved by their true class."""
    dataset = load_official(data, "test")
    dataset = dataset.fold(fold or dataset.natural_fold()).sample(count, seed=seed)
    classifier = classifiers.load(model or Settings.from_environment().model)
    chosen = lab.build_attack(name, steps=steps, seed=seed)
    with progress_bar() as report:
        crafted = lab.craft(
            classifier, chosen, dataset.images, dataset.labels.tolist(),
            epsilon=epsilon if chosen.info.takes_epsilon else None, target=target, progress=report,
        )  # fmt: skip
    summary = exports.write_crafted(
        crafted, out, attack=name, epsilon=epsilon, target=target, seed=seed
    )
    if as_json:
        click.echo(json.dumps(summary))
        return
    click.echo(
        f"{chosen.info.title}: {summary['successes']} of {summary['eligible']} eligible images "
        f"misread once saved ({summary['successes_before_rounding']} before rounding to 8 bit); "
        f"pictures in {out}"
    )


@cli.command("replay")
@click.option("--url", help="default: the running dashboard")
@data_option
@fold_option
@click.option("--count", type=int, default=400, show_default=True)
@click.option("--rate", type=float, help="requests a second at most; none: as fast as answered")
@click.option("--attack", "name", type=click.Choice(list(ATTACKS)))
@click.option("--target", type=int, help="class to be predicted; none: any wrong class")
@click.option("--share", type=float, default=0.8, show_default=True, help="share that is attacked")
@click.option("--epsilon", default="8/255", callback=share_of_range, show_default=True)
@click.option("--steps", type=click.IntRange(1), help="default: the attack's own")
@click.option("--seed", type=int, default=0, show_default=True)
@json_option
def replay_command(
    url: str | None, data: str, fold: datasets.Fold | None, count: int, rate: float | None,
    name: str | None, target: int | None, share: float, epsilon: float, steps: int | None,
    seed: int, as_json: bool,
) -> None:  # fmt: skip
    """Send images over HTTP as a real client would, clean or attacked."""
    settings = Settings.from_environment()
    address = url or running.find(settings.local) or "http://127.0.0.1:8501"
    dataset = load_official(data, "test")
    dataset = dataset.fold(fold or dataset.natural_fold())
    plan = replay.AttackPlan(name, target, share, epsilon, steps) if name else None
    classifier = classifiers.load(settings.model) if plan else None
    with progress_bar() as report:
        messages = replay.prepare(dataset, count, plan, classifier, seed=seed, progress=report)
    with progress_bar() as report:
        done = replay.send(address, messages, rate=rate, progress=report)
    if as_json:
        click.echo(json.dumps(done.to_json()))
        return
    leading = ", ".join(f"{class_name(k)}: {n}" for k, n in list(done.counts.items())[:5])
    click.echo(
        f"{done.sent} requests in {done.seconds:.1f} s, {done.attacked} attacked; most predicted: "
        f"{leading}\npython -m core monitor run --since {done.since.isoformat()} "
        f"--until {done.until.isoformat()}"
    )


@cli.command("explain")
@click.option(
    "--image", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True
)
@click.option("--against", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--class", "class_id", type=int, help="default: the predicted class of each")
@model_option
@out_option
@json_option
def explain_command(
    image: Path, against: Path | None, class_id: int | None, model: Path | None, out: Path,
    as_json: bool,
) -> None:  # fmt: skip
    """FullGrad heat maps as PNG, on one scale where two images are given."""
    paths = [image] if against is None else [image, against]
    pictures = [read_file(path) for path in paths]
    classifier = classifiers.load(model or Settings.from_environment().model)
    explanations = lab.explain_pictures(classifier, pictures, [class_id] * len(paths))
    result = exports.write_explanations(paths, pictures, explanations, out)
    if as_json:
        click.echo(json.dumps({"explanations": result}))
        return
    for entry in result:
        click.echo(f"{entry['image']}: {class_name(entry['class_id'])} {entry['probability']:.1%}, "
                   f"residual {entry['residual']:.1e} -> {entry['map']}")  # fmt: skip


@cli.group()
def monitor() -> None:
    """The monitor."""


@monitor.command("run")
@click.option(
    "--since", help="ISO 8601, UTC where no zone is given; default: the window's length ago"
)
@click.option("--until", help="ISO 8601; default: now")
@click.option("--endpoint", help="default: all")
@click.option("--threshold", type=float, help="share of a class that is a violation, (0, 1]")
@json_option
def monitor_run(as_json: bool, **options: Any) -> None:
    """Run the monitor once; exit code 1 if it finds a violation."""
    given = {name: value for name, value in options.items() if value is not None}
    if url := running.find(Settings.from_environment().local):
        execution = running.post(url, "/api/monitor/run", given)
    else:
        execution = run_monitor(given)
    if as_json:
        click.echo(json.dumps(execution))
    else:
        click.echo(execution["message"])
        click.echo("{" + ", ".join(f"{k}: {n}" for k, n in execution["counts"].items()) + "}")
    if execution["status"] == ExecutionStatus.FAILED:
        sys.exit(BAD_INPUT)
    sys.exit(VIOLATION if execution["violations"] else 0)


@cli.group()
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


def main() -> None:
    """Run a command; our own errors, and files out of reach, become one line on stderr and 2."""
    try:
        cli(prog_name="python -m core")
    except (SignwatchError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(BAD_INPUT)
    finally:
        services.close_current()


if __name__ == "__main__":
    main()
