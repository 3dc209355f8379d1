"""replay."""

from __future__ import annotations

import json
from typing import Any

import click
from click.core import ParameterSource

from core import client, datasets
from core.attacks import ATTACKS
from core.attacks.lab import Lab
from core.cli.drill import drill
from core.cli.options import epsilon_option, fold_option, json_option, progress_bar, seed_option
from core.labels import class_name
from core.model.gtsrb import load_official
from core.model.predictor import Predictor
from core.records.attacks import AttackPlan
from core.records.drills import DrillPlan
from core.settings import Settings
from core.simulation.sending import OverHttp, SendReport, send
from core.simulation.traffic import AttackedShare, from_dataset

SHARE = 0.8
OF_A_DRILL = {"url", "name", "target", "share", "seed", "is_drill", "as_json"}


@click.command("replay")
@click.option("--url", help="default: the running dashboard")
@click.option("--data", help=".npz, folder by class id, or gtsrb:DIR; needed but for a drill")
@fold_option
@click.option("--count", type=int, default=400, show_default=True)
@click.option("--rate", type=float, help="requests a second at most; none: as fast as answered")
@click.option("--attack", "name", type=click.Choice(list(ATTACKS)))
@click.option("--target", type=int, help="class to be predicted; none: any wrong class")
@click.option("--share", type=float, help="share that is attacked; default 0.8, of a drill 0.5")
@epsilon_option
@click.option("--steps", type=click.IntRange(1), help="default: the attack's own")
@seed_option
@click.option(
    "--drill",
    "is_drill",
    is_flag=True,
    help="the dashboard attacks itself with sample signs and reports when each rule noticed; takes "
    "--share, --target (default 14), --attack (default pgd), --seed",
)
@json_option
@click.pass_context
def replay(
    context: click.Context,
    url: str | None,
    data: str | None,
    fold: datasets.Fold | None,
    count: int,
    rate: float | None,
    name: str | None,
    target: int | None,
    share: float | None,
    epsilon: float | None,
    steps: int | None,
    seed: int,
    is_drill: bool,
    as_json: bool,
) -> None:
    """Send images over HTTP as a real client would, clean or attacked."""
    settings = Settings.from_environment()
    if is_drill:
        _check_given(context)
        given: dict[str, Any] = {"share": share, "target": target, "attack": name, "seed": seed}
        chosen = DrillPlan(**{k: value for k, value in given.items() if value is not None})
        drill(url or client.find(settings.local), chosen, as_json=as_json)
        return
    if data is None:
        raise click.UsageError("give the images to send: --data, or --drill for a drill")
    address = url or client.find(settings.local) or "http://127.0.0.1:8501"
    dataset = load_official(data, "test")
    dataset = dataset.fold(fold or dataset.natural_fold())
    attack = None
    if name:
        lab = Lab(Predictor.load(settings.model, alpha=settings.alpha))
        plan = AttackPlan(name, target, epsilon, steps, seed)
        attack = AttackedShare(SHARE if share is None else share, plan, lab)
    with progress_bar() as report:
        requests = from_dataset(dataset, count, attack=attack, seed=seed, progress=report)
    with progress_bar() as report, OverHttp(address) as transport:
        done = send(transport, requests, rate=rate, progress=report)
    click.echo(json.dumps(done.to_json()) if as_json else _summary(done))


def _summary(done: SendReport) -> str:
    """What was sent, and how to run the monitor over it."""
    leading = ", ".join(f"{class_name(k)}: {n}" for k, n in list(done.counts.items())[:5])
    return (
        f"{done.sent} requests in {done.seconds:.1f} s, {done.attacked} attacked; most predicted: "
        f"{leading}\npython -m core monitor run --since {done.since.isoformat()} "
        f"--until {done.until.isoformat()}"
    )


def _check_given(context: click.Context) -> None:
    """Raise UsageError for options that a drill does not take."""
    for name in context.params:
        source = context.get_parameter_source(name)
        if name not in OF_A_DRILL and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"a drill does not take --{name}")
