"""Compares the maps of a trained network with those of networks with random layers.

Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018 (arXiv:1810.03292): parameters
become random from the top down, and maps are compared by rank correlation, with and without
absolute values. Maps with absolute values correlate even between different images, because they
share a shape. So they are compared as shown, minus the mean map of all images, and with the map of
another image.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from core.explain.bias_gradients import bias_gradients
from core.explain.gradient_sum import GradientSum
from core.explain.image_gradient import image_gradient
from core.explain.map_measures import Maps, spearman
from core.model.classifier import Classifier, build_network
from core.records.evaluation.explanations import RandomisedStage

CHUNK = 32  # images
DEPTH = 2  # of the path that names a stage: fc, layer4.1, layer4.0, ..., bn1, conv1


def stages(classifier: Classifier) -> list[str]:
    """The parts of the network that become random one after the other, from the top down."""
    return list(dict.fromkeys(_part(name) for name in reversed(_state(classifier))))


def cascade(
    classifier: Classifier,
    pixels: Tensor,
    class_ids: Tensor,
    *,
    seed: int,
    tick: Callable[[str], None],
) -> tuple[RandomisedStage, ...]:
    """Compare the maps of a batch at every stage; the classifier is left as found.

    Random parameters are those of torchvision's initialisation, batch norm statistics included.

    Parameters
    ----------
    pixels
        (batch, 3, height, width) in [0, 1].
    class_ids
        (batch,), the classes explained.
    tick
        Called with a text once a stage, and once before.
    """
    tick("maps of the trained network")
    trained = _maps(classifier, pixels, class_ids)
    randomised, fresh = copy.deepcopy(classifier), _untrained(classifier, seed)
    compared = []
    for part in stages(classifier):
        tick(f"random down to {part}")
        for name, values in _state(randomised).items():
            if _part(name) == part:
                values.copy_(fresh[name])
        compared.append(_compare(part, trained, _maps(randomised, pixels, class_ids)))
    return tuple(compared)


def _compare(part: str, trained: tuple[Maps, Maps], found: tuple[Maps, Maps]) -> RandomisedStage:
    (shown, signed), (random_shown, random_signed) = trained, found

    def correlation(left: Maps, right: Maps) -> float:
        return float(np.abs(spearman(left, right)).mean())

    return RandomisedStage(
        part,
        signed=correlation(signed, random_signed),
        specific=correlation(shown - shown.mean(axis=0), random_shown - random_shown.mean(axis=0)),
        shown=correlation(shown, random_shown),
        other_image=correlation(shown, np.roll(random_shown, 1, axis=0)),
    )


def _maps(classifier: Classifier, pixels: Tensor, class_ids: Tensor) -> tuple[Maps, Maps]:
    """FullGrad as shown, and without absolute values: (batch, height, width) each."""
    shown: list[Maps] = []
    signed: list[Maps] = []
    for chunk, wanted in zip(pixels.split(CHUNK), class_ids.split(CHUNK), strict=True):
        sums = GradientSum(), GradientSum(signed=True)

        def add(
            name: str, factor: Tensor, gradient: Tensor, sums: tuple[GradientSum, ...] = sums
        ) -> None:
            for each in sums:
                each.add(name, factor, gradient)

        with bias_gradients(classifier, add):
            image_gradient(classifier, chunk, wanted)
        for kept, each in zip((shown, signed), sums, strict=True):
            kept.append(each.maps(pixels.shape[-2:]))
    return np.concatenate(shown), np.concatenate(signed)


def _part(name: str) -> str:
    """`layer4.1.bn2.weight` -> layer4.1, `fc.bias` -> fc."""
    return ".".join(name.split(".")[:-1][:DEPTH])


def _state(classifier: Classifier) -> dict[str, Tensor]:
    state: dict[str, Tensor] = classifier.network.state_dict()
    return state


def _untrained(classifier: Classifier, seed: int) -> dict[str, Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_network(classifier.manifest.architecture, classifier.classes)
    state: dict[str, Tensor] = network.state_dict()
    return state
