"""Measures the quality of a classifier's FullGrad explanations: `explanations.json`."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.datasets import Dataset, Fold
from core.errors import BadInput
from core.evaluation import intervals, randomisation
from core.explain import fullgrad
from core.explain.bias_gradients import check_supported
from core.explain.fullgrad_variants import input_x_gradient
from core.explain.map_measures import (
    Maps,
    energy_inside,
    inside_boxes,
    least_salient,
    pointing_hits,
)
from core.jobs import Progress, in_silence
from core.model.classifier import Classifier, to_tensor
from core.records.evaluation.explanations import Deletion, ExplanationQuality, Localisation
from core.records.explanations import Explanation
from core.records.window import now

CHUNK = 32  # images
DELETED = 0.3  # of the pixels
RANDOM_MAPS = 8  # an image, whose deletions are averaged


def measure(
    classifier: Classifier,
    dataset: Dataset,
    *,
    fold: Fold,
    seed: int = 0,
    progress: Progress = in_silence,
) -> ExplanationQuality:
    """Explain every image for its predicted class, and measure the maps.

    Parameters
    ----------
    classifier
        Left as found.
    dataset
        At least two images.
    fold
        Only recorded.
    seed
        Of random maps and random networks.
    progress
        Called with (done, total, text) before every step.

    Raises
    ------
    BadInput
        FullGrad does not cover the network, or there are fewer than two images.
    """
    check_supported(classifier.network)
    if len(dataset) < 2:
        raise BadInput(f"expected at least two images to compare maps of, got {len(dataset)}")
    chunks = -(-len(dataset) // CHUNK)
    tick = _ticker(progress, 3 * chunks + RANDOM_MAPS + 5 + len(randomisation.stages(classifier)))
    pixels = _pixels(classifier, dataset)
    tracks = _tracks(dataset)

    def explained(model: Classifier, batch: Tensor, text: str) -> list[Explanation]:
        found = []
        for chunk in batch.split(CHUNK):
            tick(text)
            found += fullgrad.explain(model, chunk)
        return found

    single = explained(classifier, pixels, "FullGrad, float32")
    double = explained(copy.deepcopy(classifier).double(), pixels, "FullGrad, float64")
    maps = np.stack([each.map for each in single])
    class_ids = torch.tensor([each.class_id for each in single])
    return ExplanationQuality(
        weights_sha256=classifier.manifest.sha256,
        data=dataset.name,
        fold=fold,
        images=len(dataset),
        tracks=len(np.unique(tracks)),
        seed=seed,
        measured_on=now().date().isoformat(),
        completeness={"float32": _worst(single), "float64": _worst(double)},
        localisation=_localisation(maps, dataset.boxes, tracks),
        deletion=_deletion(classifier, pixels, class_ids, maps, tracks, seed, tick),
        randomisation=randomisation.cascade(classifier, pixels, class_ids, seed=seed, tick=tick),
    )


def _ticker(progress: Progress, total: int) -> Callable[[str], None]:
    """tick(text) before every step."""
    done = 0

    def tick(text: str) -> None:
        nonlocal done
        progress(done, total, text)
        done += 1

    return tick


def _pixels(classifier: Classifier, dataset: Dataset) -> Tensor:
    """(N, 3, height, width): unchanged if all have one size within input_size, else resized."""
    side = classifier.manifest.input_size
    shapes = {image.shape[:2] for image in dataset.images}
    if len(shapes) == 1 and max(*shapes.copy().pop()) <= side:
        return to_tensor(np.stack(dataset.images))
    return torch.cat([classifier.prepare(image) for image in dataset.images])


def _tracks(dataset: Dataset) -> NDArray[np.int64]:
    """(N,), one number a physical sign; without tracks, each image counts as one."""
    if dataset.tracks is None:
        return np.arange(len(dataset))
    both = np.stack([dataset.labels, dataset.tracks], axis=1)
    _, numbers = np.unique(both, axis=0, return_inverse=True)
    return numbers.astype(np.int64)


def _worst(explanations: list[Explanation]) -> float:
    return max(each.residual for each in explanations if each.residual is not None)


def _localisation(
    maps: Maps, boxes: NDArray[np.float64] | None, tracks: NDArray[np.int64]
) -> Localisation | None:
    if boxes is None:
        return None
    inside = inside_boxes(boxes, *maps.shape[1:])
    return Localisation(
        pointing=intervals.share(pointing_hits(maps, inside), tracks),
        energy=intervals.share(energy_inside(maps, inside), tracks),
        box_area=float(inside.mean()),
    )


def _deletion(
    classifier: Classifier,
    pixels: Tensor,
    class_ids: Tensor,
    maps: Maps,
    tracks: NDArray[np.int64],
    seed: int,
    tick: Callable[[str], None],
) -> Deletion:
    """Delete by FullGrad, input x gradient, at random, and by distance from the middle."""
    generator = np.random.default_rng(seed)
    tick("intact")
    before = _logits(classifier, pixels, class_ids)

    def change(saliency: Maps, text: str) -> NDArray[np.float64]:
        tick(f"deleting by {text}")
        deleted = torch.from_numpy(least_salient(saliency, DELETED, seed=seed))[:, None]
        after = _logits(classifier, torch.where(deleted, classifier.mean, pixels), class_ids)
        moved: NDArray[np.float64] = np.abs(before - after) / np.maximum(1, np.abs(before))
        return moved

    by_gradient = []
    for chunk, wanted in zip(pixels.split(CHUNK), class_ids.split(CHUNK), strict=True):
        tick("input x gradient")
        by_gradient += [each.map for each in input_x_gradient(classifier, chunk, wanted)]
    random = [change(generator.random(maps.shape), "chance") for _ in range(RANDOM_MAPS)]
    y, x = (np.arange(side) + 0.5 - side / 2 for side in maps.shape[1:])
    changes = {
        "fullgrad": change(maps, "FullGrad"),
        "input_x_gradient": change(np.stack(by_gradient), "input x gradient"),
        "random": np.mean(random, axis=0),
        "middle": change(np.broadcast_to(-np.hypot(y[:, None], x), maps.shape), "distance"),
    }
    return Deletion(
        DELETED,
        {name: float(values.mean()) for name, values in changes.items()},
        *(
            intervals.mean(changes[other] - changes["fullgrad"], tracks)
            for other in ("random", "input_x_gradient")
        ),
    )


def _logits(classifier: Classifier, pixels: Tensor, class_ids: Tensor) -> NDArray[np.float64]:
    """(N,), each image's logit of its class."""
    with torch.inference_mode():
        logits = torch.cat([classifier(chunk) for chunk in pixels.split(CHUNK)])
    return logits.gather(1, class_ids[:, None])[:, 0].double().numpy()
