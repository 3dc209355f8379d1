"""Exit codes, options and the progress bar of all commands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import click
from tqdm import tqdm

from core import datasets
from core.jobs import Progress

VIOLATION = 1
BAD_INPUT = 2
INTERRUPTED = 130  # 128 + SIGINT, as a shell has it


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on stderr, so that stdout holds the result alone."""
    with tqdm(total=None, file=sys.stderr, dynamic_ncols=True, leave=False) as bar:

        def report(done: int, total: int, text: str) -> None:
            bar.total = total
            bar.set_description(text, refresh=False)
            bar.update(done - bar.n)
            if done >= total:
                bar.refresh()  # the last state is always shown

        yield report


def share_of_range(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> float | None:
    """`8/255` or `0.03` -> a number."""
    if value is None:
        return None
    try:
        return float(Fraction(value))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise click.BadParameter(
            f"expected a number or a fraction like 8/255, got {value!r}"
        ) from None


epsilon_option = click.option(
    "--epsilon",
    callback=share_of_range,
    help="budget in the attack's norm; default: the attack's own, 8/255 or in L2 0.5",
)
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
seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True
)
out_option = click.option("--out", type=click.Path(path_type=Path), required=True)
