"""replay."""

from __future__ import annotations

import json

import click

from core import datasets, running
from core import replay as traffic
from core.commands.options import (
    data_option,
    epsilon_option,
    fold_option,
    json_option,
    progress_bar,
)
from core.labels import class_name
from core.settings import Settings
from core.vision import classifier as classifiers
from core.vision.attacks import ATTACKS
from core.vision.gtsrb import load_official


@click.command("replay")
@click.option("--url", help="default: the running dashboard")
@data_option
@fold_option
@click.option("--count", type=int, default=400, show_default=True)
@click.option("--rate", type=float, help="requests a second at most; none: as fast as answered")
@click.option("--attack", "name", type=click.Choice(list(ATTACKS)))
@click.option("--target", type=int, help="class to be predicted; none: any wrong class")
@click.option("--share", type=float, default=0.8, show_default=True, help="share that is attacked")
@epsilon_option
@click.option("--steps", type=click.IntRange(1), help="default: the attack's own")
@click.option("--seed", type=int, default=0, show_default=True)
@json_option
def replay(
    url: str | None, data: str, fold: datasets.Fold | None, count: int, rate: float | None,
    name: str | None, target: int | None, share: float, epsilon: float | None, steps: int | None,
    seed: int, as_json: bool,
) -> None:  # fmt: skip
    """Send images over HTTP as a real client would, clean or attacked."""
    settings = Settings.from_environment()
    address = url or running.find(settings.local) or "http://127.0.0.1:8501"
    dataset = load_official(data, "test")
    dataset = dataset.fold(fold or dataset.natural_fold())
    plan = traffic.AttackPlan(name, target, share, epsilon, steps) if name else None
    classifier = classifiers.load(settings.model) if plan else None
    with progress_bar() as report:
        messages = traffic.prepare(dataset, count, plan, classifier, seed=seed, progress=report)
    with progress_bar() as report:
        done = traffic.send(address, messages, rate=rate, progress=report)
    if as_json:
        click.echo(json.dumps(done.to_json()))
        return
    leading = ", ".join(f"{class_name(k)}: {n}" for k, n in list(done.counts.items())[:5])
    click.echo(
        f"{done.sent} requests in {done.seconds:.1f} s, {done.attacked} attacked; most predicted: "
        f"{leading}\npython -m core monitor run --since {done.since.isoformat()} "
        f"--until {done.until.isoformat()}"
    )
