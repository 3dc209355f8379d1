"""One row a figure: name, figure, goal, holds or short. What cannot be measured is short."""

from __future__ import annotations

import math
import os
import secrets
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from core import datasets
from core.datasets import Dataset
from core.images import enlarge
from core.model import classifier as classifiers
from core.model.classifier import Classifier, to_tensor
from core.settings import ROOT, Settings


@dataclass(frozen=True)
class Row:
    """A figure and its goal.

    at_least: on which side of the goal the figure has to lie; spread: quartiles of the rounds that
    it is the median of; why: what kept it from being measured.
    """

    name: str
    figure: float
    goal: float
    at_least: bool
    spread: tuple[float, float] | None = None
    why: str = ""

    @staticmethod
    def of_rounds(name: str, figures: ArrayLike, goal: float, at_least: bool) -> Row:
        """The median of all rounds, beside their quartiles."""
        low, middle, high = np.percentile(figures, (25, 50, 75)).tolist()
        return Row(name, middle, goal, at_least, (low, high))

    @staticmethod
    def unmeasured(name: str, why: str) -> Row:
        """A row without a figure, which is short."""
        return Row(name, math.nan, math.nan, at_least=True, why=" ".join(why.split()))

    @property
    def holds(self) -> bool:
        """Whether the figure reaches the goal; a figure that is no number reaches none."""
        return self.figure >= self.goal if self.at_least else self.figure <= self.goal

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "short"
        if self.why:
            return f"{self.name:65s} {'not measured':>33s} {'':10s} {verdict} ({self.why})"
        spread = "[{:.4g}, {:.4g}]".format(*self.spread) if self.spread else ""
        sign = ">=" if self.at_least else "<="
        return (
            f"{self.name:65s} {self.figure:10.4g} {spread:>22s}  {sign} {self.goal:<8g} {verdict}"
        )


Rows = Iterator[Row]


def measured(name: str, rows: Callable[[], Rows]) -> Rows:
    """The rows; one that is short where they end in an error, or where there are none."""
    count = 0
    try:
        for row in rows():
            count += 1
            yield row
    except Exception as error:  # noqa: BLE001
        # Whatever it is, the figures behind it are missing. The others are measured all the same.
        traceback.print_exc()
        yield Row.unmeasured(name, f"{type(error).__name__}: {error}")
    else:
        if count == 0:
            yield Row.unmeasured(name, "there are no rows")


@cache
def model() -> Classifier:
    """The classifier that ships."""
    return classifiers.load(Settings().model)


@cache
def held_out() -> Dataset:
    """Real signs on tracks that were used neither for training nor for calibration."""
    return datasets.load(real_signs()).fold("held-out")


def real_signs() -> Path:
    """Where real signs lie, if they do."""
    return Path(os.environ.get("SIGNWATCH_GTSRB32") or ROOT.parent / "shared" / "gtsrb32")


def seed() -> int:
    """Another one each run, unless SEED names it."""
    chosen = int(os.environ.get("SEED") or secrets.randbelow(2**32))
    print(f"seed {chosen}; SEED={chosen} repeats this run")
    return chosen


def attacked_images(count: int) -> tuple[Tensor, Tensor]:
    """Held-out signs as the lab attacks them: (count, 3, side, side), (count,) labels."""
    chosen, side = held_out().sample(count, seed=0), model().manifest.input_size
    images = [enlarge(image, side, side) for image in chosen.images]
    return to_tensor(np.stack(images)), torch.from_numpy(chosen.labels).long()


@cache
def drawn() -> Dataset:
    """The sample signs that the project draws."""
    return datasets.load(ROOT / "data" / "samples")
