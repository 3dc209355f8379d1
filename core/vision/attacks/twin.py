"""The model that an attack steps on: same weights, nothing of the original touched."""

from __future__ import annotations

import copy

from torch import nn

from core.vision.classifier import Classifier


def frozen(classifier: Classifier) -> Classifier:
    """A twin in eval mode on the same weights, without parameter gradients.

    The classifier itself stays untouched, so nothing need be restored after an error, and
    threads that share it do not meet.
    """
    twins: dict[int, object] = {id(buffer): buffer for buffer in classifier.buffers()}
    for parameter in classifier.parameters():
        twins[id(parameter)] = nn.Parameter(parameter.detach(), requires_grad=False)
    return copy.deepcopy(classifier, twins).eval()
