"""What predictions and their suspicion are made of: logits and pooled features of one pass.

Features are the named stages of the network, as far as it has them, and what enters its last
layer; each averaged over the image. Networks without these stages (VGG, DenseNet, EfficientNet,
...) are judged by what enters their last layer alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

from core.errors import BadInput
from core.model.classifier import BATCH, Classifier
from core.model.fast import frozen
from core.model.suspicion.transforms import ALTERATIONS

STAGES = ("layer2", "layer3")
PENULTIMATE = "penultimate"
LOGITS = "logits"
Floats = NDArray[np.float32]
Forward = Callable[[Tensor], Sequence[Floats]]


@dataclass(frozen=True, eq=False)
class Observation:
    """Of n images. logits: (n, classes); altered: the logits of each altered copy, (n, classes),
    none where nobody asked for them; features: by name (n, channels)."""

    logits: Floats
    altered: tuple[Floats, ...]
    features: dict[str, Floats]

    def take(self, rows: NDArray[np.int64]) -> Observation:
        """Some of the images, in that order."""
        return Observation(
            self.logits[rows],
            tuple(copy[rows] for copy in self.altered),
            {name: values[rows] for name, values in self.features.items()},
        )


class Observer(nn.Module):
    """A twin of a classifier, on the same weights, that also gives its pooled features.

    names: of the outputs, logits first; features False: these alone. Threads may share it: it
    keeps nothing between passes. Raises BadInput for a network whose layers cannot be followed.
    """

    def __init__(self, classifier: Classifier, *, features: bool) -> None:
        super().__init__()
        self.twin = frozen(classifier)
        self.manifest = classifier.manifest
        self.names: tuple[str, ...] = (LOGITS,)
        self._nodes: tuple[str, ...] = ()
        if features:
            self._follow()
        self.eval()

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """pixels (batch, 3, height, width) in [0, 1] -> logits (batch, classes), then for each of
        the other `names` (batch, channels)."""
        found: Any = self.twin(pixels)
        if not self._nodes:
            return (found,)
        logits, *stages = (found[name] for name in self._nodes)
        return (logits, *map(_pooled, stages))

    @torch.inference_mode()
    def compute(self, pixels: Tensor) -> list[Floats]:
        """`forward` for (batch, 3, height, width), as arrays."""
        return [found.numpy() for found in self(pixels)]

    def _follow(self) -> None:
        network = self.twin.network
        try:
            _, nodes = get_graph_node_names(network, suppress_diff_warning=True)
        except Exception as error:  # the tracer raises whatever the network's code does
            raise BadInput(
                f"the layers of {self.manifest.architecture} cannot be followed, so its features "
                f"are not to be had ({error}); suspicion needs another architecture"
            ) from error
        weighted = [
            name
            for name, module in network.named_modules()
            if isinstance(module, nn.Linear | nn.Conv2d)
        ]
        last = max(nodes.index(name) for name in weighted if name in nodes)
        stages = [name for name, _ in network.named_children() if name in STAGES]
        self.names = (LOGITS, *stages, PENULTIMATE)
        self._nodes = (nodes[-1], *stages, nodes[last - 1])
        # In place of the network, not beside it: the exporter loses weights that two modules share.
        self.twin.network = create_feature_extractor(
            network, {name: name for name in self._nodes}, suppress_diff_warning=True
        )


def observe(
    names: Sequence[str], forward: Forward, prepared: Sequence[Tensor], *, altered: bool
) -> Observation:
    """Look at prepared images (1, 3, side, side), in common batches with their altered copies.

    names: of what `forward` gives, as `Observer.names`; altered: whether copies are looked at.
    """
    batches = torch.split(torch.cat(list(prepared)), BATCH)
    return joined([_observed(names, forward, batch, altered) for batch in batches])


def joined(parts: Sequence[Observation]) -> Observation:
    """Observations one after the other; at least one."""
    return Observation(
        np.concatenate([part.logits for part in parts]),
        tuple(map(np.concatenate, zip(*(part.altered for part in parts), strict=True))),
        {
            name: np.concatenate([part.features[name] for part in parts])
            for name in parts[0].features
        },
    )


def _observed(names: Sequence[str], forward: Forward, pixels: Tensor, altered: bool) -> Observation:
    count = len(pixels)
    copies = [alter(pixels) for alter in ALTERATIONS.values()] if altered else []
    logits, *features = forward(torch.cat([pixels, *copies]))
    own, *others = np.split(logits, 1 + len(copies))
    shown = (found[:count] for found in features)
    return Observation(own, tuple(others), dict(zip(names[1:], shown, strict=True)))


def _pooled(features: Tensor) -> Tensor:
    """(batch, channels, height, width) or (batch, channels) -> (batch, channels)."""
    return features.mean(dim=(2, 3)) if features.ndim == 4 else features
