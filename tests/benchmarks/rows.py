"""One row a figure: name, figure, goal, holds or short."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core import datasets
from core.datasets import Dataset
from core.images import enlarge
from core.model import classifier as classifiers
from core.model.classifier import Classifier, to_tensor
from core.settings import ROOT, Settings


@dataclass(frozen=True)
class Row:
    """A figure and its goal; `at_least` says on which side of the goal it has to lie."""

    name: str
    figure: float
    goal: float
    at_least: bool

    @property
    def holds(self) -> bool:
        """Whether the figure reaches the goal."""
        return self.figure >= self.goal if self.at_least else self.figure <= self.goal

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        verdict = "holds" if self.holds else "short"
        return f"{self.name:58s} {self.figure:12.4g}  {sign} {self.goal:<8g} {verdict}"


Rows = Iterator[Row]


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


def attacked_images(count: int) -> tuple[Tensor, Tensor]:
    """Held-out signs as the lab attacks them: (count, 3, side, side), (count,) labels."""
    chosen, side = held_out().sample(count, seed=0), model().manifest.input_size
    images = [enlarge(image, side, side) for image in chosen.images]
    return to_tensor(np.stack(images)), torch.from_numpy(chosen.labels).long()


@cache
def drawn() -> Dataset:
    """The sample signs that the project draws."""
    return datasets.load(ROOT / "data" / "samples")
