"""What an attack works on: images, their true classes, the goal and the budget."""

from __future__ import annotations

import copy
import hashlib
import math
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from core.vision.classifier import Classifier, to_pictures, to_tensor


@dataclass(frozen=True)
class Point:
    """Where an attack stands: pixels (batch, 3, height, width), their logits (batch, classes).

    Both belong to one forward pass of `leaf`; `rows` (batch,) says which of its images they are.
    """

    pixels: Tensor
    logits: Tensor
    leaf: Tensor
    rows: Tensor

    def gradient(self, values: Tensor) -> Tensor:
        """Of values (batch,) made from `logits`: (batch, 3, height, width). May be repeated."""
        (gradient,) = torch.autograd.grad(values.sum(), self.leaf, retain_graph=True)
        return gradient[self.rows]

    def take(self, rows: Tensor) -> Point:
        """The examples of `rows` (integers or bool) out of the same forward pass."""
        return Point(self.pixels[rows], self.logits[rows], self.leaf, self.rows[rows])


@dataclass(frozen=True)
class Task:
    """A batch under attack; no example depends on its companions.

    model: frozen, in eval mode; clean: (batch, 3, height, width) in [0, 1]; labels: (batch,) true
    classes; targets: (batch,), or None when any wrong class will do; epsilon: L-infinity budget
    in (0, 1], 1 where there is none; keys: a digest of each clean image, the root of its random
    numbers.
    """

    model: Classifier
    clean: Tensor
    labels: Tensor
    targets: Tensor | None
    epsilon: float
    keys: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Tensor) -> Task:
        """The examples of `rows` (integers), in that order."""
        return replace(
            self,
            clean=self.clean[rows],
            labels=self.labels[rows],
            targets=None if self.targets is None else self.targets[rows],
            keys=tuple(self.keys[row] for row in rows.tolist()),
        )

    def at(self, pixels: Tensor) -> Point:
        """Forward pass that keeps what `Point.gradient` needs."""
        leaf = pixels.detach().clone().requires_grad_()
        rows = torch.arange(len(leaf), device=leaf.device)
        return Point(leaf.detach(), self.model(leaf), leaf, rows)

    def loss(self, logits: Tensor) -> Tensor:
        """To be descended, (batch,): CE(logits, target), untargeted -CE(logits, label).

        CE = log(1 + sum over j != k of exp(z_j - z_k)). Written like this it keeps the share of
        class k in the gradient where softmax(z)_k rounds to 1, which for a sure model it does.
        """
        classes = (self.labels if self.targets is None else self.targets)[:, None]
        others = logits.scatter(1, classes, -torch.inf).logsumexp(dim=1)
        entropy = F.softplus(others - logits.gather(1, classes)[:, 0])
        return -entropy if self.targets is None else entropy

    def reached(self, logits: Tensor) -> Tensor:
        """(batch,) bool: read as the target, untargeted as anything but the label."""
        predicted = logits.argmax(dim=1)
        return predicted != self.labels if self.targets is None else predicted == self.targets

    def survives(self, pixels: Tensor) -> Tensor:
        """(batch,) bool: `reached` for the pixels and for the 8-bit pictures saved from them."""
        saved = to_tensor(to_saved(pixels, self.clean, self.epsilon)).to(pixels.device)
        with torch.no_grad():
            return self.reached(self.model(pixels)) & self.reached(self.model(saved))

    def project(self, pixels: Tensor) -> Tensor:
        """The nearest pixels within epsilon of the clean ones and within [0, 1]."""
        change = (pixels - self.clean).clamp(-self.epsilon, self.epsilon)
        return (self.clean + change).clamp(0, 1)

    def uniform(self, *stream: int) -> Tensor:
        """Numbers from U(0, 1), shaped like `clean`: fixed by each image's content and `stream`."""
        return torch.stack([_draw(key, stream, self.clean[0]) for key in self.keys])


@dataclass(frozen=True)
class Found:
    """What an attack ends with: pixels (batch, 3, height, width), steps used (batch,) int64."""

    pixels: Tensor
    steps: Tensor


def to_saved(pixels: Tensor, clean: Tensor, epsilon: float) -> NDArray[np.uint8]:
    """(batch, height, width, 3) uint8: rounded, at most floor(255 epsilon) levels from clean."""
    levels = math.floor(255 * epsilon + 1e-6)
    original = to_pictures(clean).astype(np.int16)
    return np.clip(to_pictures(pixels), original - levels, original + levels).astype(np.uint8)


def frozen(classifier: Classifier) -> Classifier:
    """A twin in eval mode on the same weights, without parameter gradients.

    The classifier itself stays untouched, so nothing need be restored after an error, and
    threads that share it do not meet.
    """
    twins: dict[int, object] = {id(buffer): buffer for buffer in classifier.buffers()}
    for parameter in classifier.parameters():
        twins[id(parameter)] = nn.Parameter(parameter.detach(), requires_grad=False)
    return copy.deepcopy(classifier, twins).eval()


def digests(pixels: Tensor) -> tuple[bytes, ...]:
    """One digest an image of (batch, 3, height, width)."""
    arrays = pixels.contiguous().cpu().numpy()
    return tuple(hashlib.blake2b(array.tobytes(), digest_size=16).digest() for array in arrays)


def _draw(key: bytes, stream: tuple[int, ...], like: Tensor) -> Tensor:
    seed = hashlib.blake2b(repr(stream).encode(), key=key, digest_size=8).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(seed) >> 1)
    return torch.rand(like.shape, generator=generator).to(like.device)
