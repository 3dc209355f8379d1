"""What an attack works on: images, their true classes, the goal and the budget."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from core.attacks.budget import project, to_saved
from core.model.classifier import Classifier, to_tensor
from core.records.attacks import Norm

Trace = list[tuple[float, float, float]]


def lead(logits: Tensor, classes: Tensor) -> Tensor:
    """(batch,): by how much the logit of its class (batch,) exceeds the largest other one."""
    others = logits.scatter(1, classes[:, None], -torch.inf).amax(dim=1)
    return logits.gather(1, classes[:, None])[:, 0] - others


@dataclass(frozen=True)
class Point:
    """Where an attack stands: pixels (batch, 3, height, width), their logits (batch, classes).

    Both belong to one forward pass of `leaf`; `rows` (batch,) says which of its images they are.
    memory: (batch, 3, height, width), what a variant keeps between steps, changed in place.
    """

    pixels: Tensor
    logits: Tensor
    leaf: Tensor
    rows: Tensor
    memory: Tensor = field(default_factory=lambda: torch.empty(0))

    def gradient(self, values: Tensor, *, last: bool = True) -> Tensor:
        """Of values (batch,) made from `logits`: (batch, 3, height, width).

        last: of this forward pass; what it keeps for gradients is freed on the way.
        """
        (gradient,) = torch.autograd.grad(values.sum(), self.leaf, retain_graph=not last)
        return gradient[self.rows]

    def take(self, rows: Tensor) -> Point:
        """The examples of `rows` (integers or bool) out of the same forward pass."""
        return Point(self.pixels[rows], self.logits[rows], self.leaf, self.rows[rows])


@dataclass(frozen=True)
class Task:
    """A batch under attack; no example depends on its companions.

    model: frozen, in eval mode; clean: (batch, 3, height, width) in [0, 1]; labels: (batch,) true
    classes; targets: (batch,), or None when any wrong class will do; epsilon: the budget, measured
    in `norm`; L-infinity 1, which bounds nothing, where there is none; keys: a digest of each clean
    image, the root of its random numbers; traces: where each image has been, or None.
    """

    model: Classifier
    clean: Tensor
    labels: Tensor
    targets: Tensor | None
    epsilon: float
    keys: tuple[bytes, ...]
    norm: Norm = "linf"
    traces: tuple[Trace, ...] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Tensor) -> Task:
        """The examples of `rows` (integers), in that order."""
        chosen = rows.tolist()
        return replace(
            self,
            clean=self.clean[rows],
            labels=self.labels[rows],
            targets=None if self.targets is None else self.targets[rows],
            keys=tuple(self.keys[row] for row in chosen),
            traces=None if self.traces is None else tuple(self.traces[row] for row in chosen),
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

    def margin(self, logits: Tensor) -> Tensor:
        """(batch,): by how much the label leads, targeted the strongest other class the target."""
        if self.targets is None:
            return lead(logits, self.labels)
        return -lead(logits, self.targets)

    def reached(self, logits: Tensor) -> Tensor:
        """(batch,) bool: predicted as the target, untargeted as anything but the label."""
        predicted = logits.argmax(dim=1)
        return predicted != self.labels if self.targets is None else predicted == self.targets

    def goals(self, logits: Tensor) -> Tensor:
        """(batch,): the target, untargeted the strongest class that is not the label."""
        if self.targets is not None:
            return self.targets
        return logits.scatter(1, self.labels[:, None], -torch.inf).argmax(dim=1)

    def trace(self, logits: Tensor) -> None:
        """Note (step, confidence of the label, confidence of the goal) if traces are kept."""
        if self.traces is None:
            return
        shares = self.model.probabilities(logits.detach())
        classes = torch.stack([self.labels, self.goals(logits.detach())], dim=1)
        for trace, (label, goal) in zip(
            self.traces, shares.gather(1, classes).tolist(), strict=True
        ):
            trace.append((len(trace), label, goal))

    def survives(self, pixels: Tensor) -> Tensor:
        """(batch,) bool: `reached` for the pixels and for the 8-bit images saved from them."""
        saved = self.saved(pixels)
        with torch.no_grad():
            return self.reached(self.model(pixels)) & self.reached(self.model(saved))

    def saved(self, pixels: Tensor) -> Tensor:
        """Pixels as they are once saved with 8 bit and read again."""
        images = to_saved(pixels, self.clean, self.epsilon, self.norm)
        return to_tensor(images).to(pixels.device)

    def project(self, pixels: Tensor) -> Tensor:
        """Pixels within epsilon of the clean ones and within [0, 1]."""
        return project(pixels, self.clean, self.epsilon, self.norm)

    def uniform(self, *stream: int, shape: tuple[int, ...] | None = None) -> Tensor:
        """U(0, 1), (batch, *shape), like `clean` unless given: fixed by image and `stream`."""
        each = tuple(self.clean.shape[1:]) if shape is None else shape
        return torch.stack([_draw(key, stream, each) for key in self.keys]).to(self.clean.device)


@dataclass(frozen=True)
class Walk:
    """How far a batch has come: pixels (batch, 3, height, width), steps used (batch,) int64."""

    pixels: Tensor
    steps: Tensor

    @staticmethod
    def at_start(pixels: Tensor) -> Walk:
        """No step yet, from a copy of `pixels`."""
        return Walk(pixels.clone(), torch.zeros(len(pixels), dtype=torch.int64).to(pixels.device))


def digests(pixels: Tensor) -> tuple[bytes, ...]:
    """One digest an image of (batch, 3, height, width)."""
    arrays = pixels.contiguous().cpu().numpy()
    return tuple(hashlib.blake2b(array.tobytes(), digest_size=16).digest() for array in arrays)


def _draw(key: bytes, stream: tuple[int, ...], shape: tuple[int, ...]) -> Tensor:
    seed = hashlib.blake2b(repr(stream).encode(), key=key, digest_size=8).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(seed) >> 1)
    return torch.rand(shape, generator=generator)
