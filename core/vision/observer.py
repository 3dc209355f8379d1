"""What the suspicion score looks at: logits and pooled features, out of one forward pass.

Features are the named stages of the network, as far as it has them, and what enters its last
layer; each averaged over the picture. Networks without these stages (VGG, DenseNet, EfficientNet,
...) are judged by what enters their last layer alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

from core.vision.altered import ALTERATIONS
from core.vision.attacks.twin import frozen
from core.vision.classifier import BATCH, Classifier

STAGES = ("layer2", "layer3")
PENULTIMATE = "penultimate"
Floats = NDArray[np.float32]
Forward = Callable[[Tensor], Sequence[Floats]]


@dataclass(frozen=True, eq=False)
class Observation:
    """Of n pictures. logits: (n, classes); altered: the logits of each altered copy, (n, classes);
    features: by name (n, channels)."""

    logits: Floats
    altered: tuple[Floats, ...]
    features: dict[str, Floats]


class Observer(nn.Module):
    """A twin of a classifier, on the same weights, that also gives its pooled features.

    names: of the features. Threads may share it: it keeps nothing between passes.
    """

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.twin = frozen(classifier)
        network = self.twin.network
        _, nodes = get_graph_node_names(network, suppress_diff_warning=True)
        weighted = [name for name, module in network.named_modules()
                    if isinstance(module, nn.Linear | nn.Conv2d)]  # fmt: skip
        last = max(nodes.index(name) for name in weighted if name in nodes)
        children = dict(network.named_children())
        named = {name: name for name in STAGES if name in children}
        self.names = (*named, PENULTIMATE)
        self._nodes = (*named, nodes[last - 1])
        self._output = nodes[-1]
        wanted = dict.fromkeys((*self._nodes, self._output))
        self.graph = create_feature_extractor(
            network, {name: name for name in wanted}, suppress_diff_warning=True
        )
        self.eval()

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """pixels (batch, 3, height, width) in [0, 1] -> logits (batch, classes), then for each of
        `names` (batch, channels)."""
        found = self.graph(self.twin.normalise(self.twin.resize(pixels)))
        return (found[self._output], *(_pooled(found[name]) for name in self._nodes))

    @torch.inference_mode()
    def compute(self, pixels: Tensor) -> list[Floats]:
        """`forward` for (batch, 3, height, width), as arrays."""
        return [found.numpy() for found in self(pixels)]


def observe(
    names: Sequence[str], forward: Forward, prepared: Sequence[Tensor]
) -> Observation:
    """Look at prepared pictures (1, 3, side, side) and their altered copies, in common batches.

    names: of the features that `forward` gives after the logits.
    """
    pixels = torch.cat(list(prepared))
    parts = [_observed(names, forward, part) for part in torch.split(pixels, BATCH)]
    return Observation(
        np.concatenate([part.logits for part in parts]),
        tuple(map(np.concatenate, zip(*(part.altered for part in parts), strict=True))),
        {name: np.concatenate([part.features[name] for part in parts]) for name in names},
    )


def _observed(names: Sequence[str], forward: Forward, pixels: Tensor) -> Observation:
    count, copies = len(pixels), [alter(pixels) for alter in ALTERATIONS.values()]
    logits, *features = forward(torch.cat([pixels, *copies]))
    own, *altered = np.split(logits, 1 + len(copies))
    shown = (found[:count] for found in features)
    return Observation(own, tuple(altered), dict(zip(names, shown, strict=True)))


def _pooled(features: Tensor) -> Tensor:
    """(batch, channels, height, width) or (batch, channels) -> (batch, channels)."""
    return features.mean(dim=(2, 3)) if features.ndim == 4 else features
