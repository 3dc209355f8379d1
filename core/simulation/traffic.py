"""Simulated traffic: labelled images, attacked ones among them, as requests to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any

import numpy as np

from core import samples
from core.attacks.lab import Lab
from core.datasets import Dataset
from core.errors import BadInput
from core.images import ImageFile
from core.jobs import Progress
from core.records.attacks import AttackedImage, AttackPlan
from core.records.captures import Provenance

REPLAY, LAB = "replay", "lab"  # sources that requests name
AT_ONCE, FEWEST = 64, 8  # images that are attacked together, also where fewer are wanted
STRIDE = 97  # through the samples, so that neighbours show different classes


@dataclass(frozen=True)
class SimulatedRequest:
    """One request to be sent.

    Parameters
    ----------
    image
        What is predicted.
    clean
        The clean image to be kept beside it, so that the provenance can name it; None where there
        is none, or where it was kept before.
    provenance
        Source, true class, and the attack.
    """

    image: ImageFile
    clean: ImageFile | None
    provenance: Provenance


@dataclass(frozen=True)
class AttackedShare:
    """A share of the traffic, in (0, 1], that the lab attacks as planned."""

    share: float
    plan: AttackPlan
    lab: Lab

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise BadInput(f"share must lie in (0, 1], got {self.share}")


def clean_request(image: ImageFile, label: int, source: str) -> SimulatedRequest:
    """An image as it is. label: its true class."""
    return SimulatedRequest(image, None, Provenance(source, label))


def adversarial_request(result: AttackedImage, source: str) -> SimulatedRequest:
    """The adversarial image of an attack result; names its clean image by SHA-256."""
    clean, plan = ImageFile.from_pixels(result.clean), result.plan
    provenance = Provenance(source, result.label, plan.attack, plan.target, clean.sha256)
    return SimulatedRequest(ImageFile.from_pixels(result.adversarial), clean, provenance)


def around(result: AttackedImage, count: int, attacked: int) -> list[SimulatedRequest]:
    """One adversarial image among sample signs.

    Parameters
    ----------
    result
        The attack result.
    count, attacked
        Requests in all, and how many of them send the adversarial image.

    Returns
    -------
    list of SimulatedRequest
        In random order, the same each time.
    """
    available = samples.all_samples()
    others = [available[(n * STRIDE) % len(available)] for n in range(count - attacked)]
    requests = [clean_request(each.image(), each.class_id, LAB) for each in others]
    if attacked:
        adversarial = adversarial_request(result, LAB)
        requests = [adversarial] * attacked + requests
    mixed = _shuffled(requests, np.random.default_rng(0))
    seen = False
    for place, each in enumerate(mixed):  # the clean image is kept once
        if each.clean is not None and seen:
            mixed[place] = replace(each, clean=None)
        seen = seen or each.clean is not None
    return mixed


def from_dataset(
    dataset: Dataset,
    count: int,
    *,
    attack: AttackedShare | None = None,
    seed: int,
    progress: Progress,
) -> list[SimulatedRequest]:
    """Images of a data set, some of them attacked successfully.

    The attacker knows the model and sends only images that fool it once saved; others are replaced.
    A small data set is gone through more than once.

    Parameters
    ----------
    dataset
        Labelled images.
    count
        How many requests, at least 1.
    attack
        ``round(count * attack.share)`` of them are attacked; none without it.
    seed
        Of the order.
    progress
        Reported for each adversarial example.

    Raises
    ------
    BadInput
        For a count below 1, and where no image fools the model.
    """
    if count < 1:
        raise BadInput(f"count must be at least 1, got {count}")
    order = np.random.default_rng(seed).permutation(len(dataset))
    attacked: list[SimulatedRequest] = []
    if attack:
        attacked = _attacked(dataset, order, round(count * attack.share), attack, progress)
    rows = [int(order[-1 - n % len(order)]) for n in range(count - len(attacked))]
    clean = [
        clean_request(ImageFile.from_pixels(dataset.images[row]), int(dataset.labels[row]), REPLAY)
        for row in rows
    ]
    return _shuffled(attacked + clean, np.random.default_rng([seed, 1]))


def _attacked(
    dataset: Dataset,
    order: np.ndarray[Any, Any],
    wanted: int,
    attack: AttackedShare,
    progress: Progress,
) -> list[SimulatedRequest]:
    plan, title = attack.plan, attack.lab.info(attack.plan.attack).title
    order = order if plan.target is None else order[dataset.labels[order] != plan.target]
    made: list[SimulatedRequest] = []
    place = 0
    while len(made) < wanted and place < len(order):
        rows = order[place : place + min(AT_ONCE, max(FEWEST, wanted - len(made)))]
        place += len(rows)
        images = [dataset.images[row] for row in rows]
        results = attack.lab.attack(plan, images, dataset.labels[rows].tolist())
        made += [adversarial_request(each, REPLAY) for each in results if each.success]
        progress(min(len(made), wanted), wanted, f"{title} examples made")
    if wanted and not made:
        raise BadInput(
            f"{title} fooled the model on none of {len(order)} images; "
            "raise --epsilon or --steps, or choose another attack"
        )
    return list(islice(cycle(made), wanted))


def _shuffled(
    requests: Sequence[SimulatedRequest], generator: np.random.Generator
) -> list[SimulatedRequest]:
    return [requests[row] for row in generator.permutation(len(requests))]
