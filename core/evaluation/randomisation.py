"""What is left of an explanation when the network has forgotten what it learned.

Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018 (arXiv:1810.03292): parameters
become random from the top down, and each network's maps are compared with the trained one's by
rank correlation, once without absolute values and once with. Maps with absolute values correlate
even between different images, as they share a shape. So they are compared as shown, less the
mean map of all images, and with another image's map.
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
    """Compare the maps of pixels (batch, 3, height, width) for class_ids (batch,) at every stage.

    Random means as torchvision initialises the architecture, batch norm's statistics included.
    The classifier is left as found. tick(text) is called once a stage, and once before.
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

    def alike(left: Maps, right: Maps) -> float:
        return float(np.abs(spearman(left, right)).mean())

    return RandomisedStage(
        part,
        signed=alike(signed, random_signed),
        specific=alike(shown - shown.mean(axis=0), random_shown - random_shown.mean(axis=0)),
        shown=alike(shown, random_shown),
        other_image=alike(shown, np.roll(random_shown, 1, axis=0)),
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
