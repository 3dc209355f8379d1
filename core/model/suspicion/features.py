"""Logits and pooled features of one forward pass, from which suspicion is computed.

Features are the outputs of STAGES, where the network has them, and the input of its last layer,
each averaged over the image. Of networks without these stages (VGG, DenseNet, EfficientNet, ...)
only the input of the last layer is used.
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
from core.model.fast import detached
from core.model.suspicion.transforms import TRANSFORMS

STAGES = ("layer2", "layer3")
PENULTIMATE = "penultimate"
LOGITS = "logits"
Floats = NDArray[np.float32]
Forward = Callable[[Tensor], Sequence[Floats]]


@dataclass(frozen=True, eq=False)
class Outputs:
    """Outputs of the network for n images.

    logits: (n, classes); transformed: the logits under each of TRANSFORMS, (n, classes), or none;
    features: by name, (n, channels).
    """

    logits: Floats
    transformed: tuple[Floats, ...]
    features: dict[str, Floats]

    def take(self, rows: NDArray[np.int64]) -> Outputs:
        """Some of the images, in that order."""
        return Outputs(
            self.logits[rows],
            tuple(copy[rows] for copy in self.transformed),
            {name: values[rows] for name, values in self.features.items()},
        )


class FeatureExtractor(nn.Module):
    """A copy of a classifier, on the same weights, that returns its pooled features as well.

    Threads may share it: it keeps nothing between passes.

    Parameters
    ----------
    classifier
        It stays untouched.
    features
        Whether features are returned; False: logits alone.

    Attributes
    ----------
    names
        Of the outputs, in order, logits first.

    Raises
    ------
    BadInput
        The layers of the network cannot be traced.
    """

    def __init__(self, classifier: Classifier, *, features: bool) -> None:
        super().__init__()
        self.classifier = detached(classifier)
        self.manifest = classifier.manifest
        self.names: tuple[str, ...] = (LOGITS,)
        self._nodes: tuple[str, ...] = ()
        if features:
            self._follow()
        self.eval()

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """pixels (batch, 3, height, width) in [0, 1] -> logits (batch, classes), then for each of
        the other `names` (batch, channels)."""
        found: Any = self.classifier(pixels)
        if not self._nodes:
            return (found,)
        logits, *stages = (found[name] for name in self._nodes)
        return (logits, *map(_pooled, stages))

    @torch.inference_mode()
    def compute(self, pixels: Tensor) -> list[Floats]:
        """`forward` for (batch, 3, height, width), as arrays."""
        return [found.numpy() for found in self(pixels)]

    def _follow(self) -> None:
        network = self.classifier.network
        try:
            _, nodes = get_graph_node_names(network, suppress_diff_warning=True)
        except Exception as error:  # the tracer raises whatever the network's code does
            raise BadInput(
                f"the layers of {self.manifest.architecture} cannot be followed, so it has no "
                f"features ({error}); suspicion needs another architecture"
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
        self.classifier.network = create_feature_extractor(
            network, {name: name for name in self._nodes}, suppress_diff_warning=True
        )


def extract(
    names: Sequence[str], forward: Forward, prepared: Sequence[Tensor], *, transformed: bool
) -> Outputs:
    """The outputs of `forward` for prepared images (1, 3, side, side) and their transforms.

    An image and its transforms share one batch. names: of the outputs, `FeatureExtractor.names`;
    transformed: whether transforms are computed.
    """
    batches = torch.split(torch.cat(list(prepared)), BATCH)
    return joined([_extracted(names, forward, batch, transformed) for batch in batches])


def joined(parts: Sequence[Outputs]) -> Outputs:
    """The images of all parts, one after the other; at least one part."""
    return Outputs(
        np.concatenate([part.logits for part in parts]),
        tuple(map(np.concatenate, zip(*(part.transformed for part in parts), strict=True))),
        {
            name: np.concatenate([part.features[name] for part in parts])
            for name in parts[0].features
        },
    )


def _extracted(
    names: Sequence[str], forward: Forward, pixels: Tensor, transformed: bool
) -> Outputs:
    count = len(pixels)
    copies = [transform(pixels) for transform in TRANSFORMS.values()] if transformed else []
    logits, *features = forward(torch.cat([pixels, *copies]))
    own, *others = np.split(logits, 1 + len(copies))
    shown = (found[:count] for found in features)
    return Outputs(own, tuple(others), dict(zip(names[1:], shown, strict=True)))


def _pooled(features: Tensor) -> Tensor:
    """(batch, channels, height, width) or (batch, channels) -> (batch, channels)."""
    return features.mean(dim=(2, 3)) if features.ndim == 4 else features
