"""Relatives of FullGrad, as its authors' own code computes them (github.com/idiap/
fullgrad-saliency), and the part of it that the pixels alone have."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from core.explain.bias_gradients import INPUT, bias_gradients, check_supported
from core.explain.explanation import explanations_of, in_chunks
from core.explain.gradient_sum import GradientSum, stretched_sum
from core.explain.image_gradient import image_gradient
from core.model.classifier import Classifier
from core.records.explanations import Explanation

SMOOTH_SAMPLES, SMOOTH_SPREAD = 25, 0.15  # noise: standard deviation, of an image's own range
SMOOTH_SEED = 0


@in_chunks
def input_x_gradient(
    classifier: Classifier, pixels: Tensor, class_ids: Tensor | None
) -> list[Explanation]:
    """|pixel * gradient|, summed over the colours."""
    found = image_gradient(classifier, pixels, class_ids)
    maps = (found.pixels * found.gradient).abs_().sum(1).float().cpu().numpy()
    return explanations_of(found.logits, found.probabilities, found.class_ids, maps)


@in_chunks
def simple_fullgrad(
    classifier: Classifier, pixels: Tensor, class_ids: Tensor | None
) -> list[Explanation]:
    """FullGrad of the gradients at the layers that have a bias, without the bias."""
    check_supported(classifier.network)
    maps: list[Tensor] = []

    def add(name: str, factor: Tensor, gradient: Tensor) -> None:
        if gradient.dim() == 4:
            terms = gradient * factor if name == INPUT else gradient
            plane = stretched_sum(terms.abs())[:, None]
            maps.append(F.interpolate(plane, pixels.shape[-2:], mode="bilinear", antialias=True))

    with bias_gradients(classifier, add):
        found = image_gradient(classifier, pixels, class_ids)
    summed = torch.stack(maps).sum(0).squeeze(1).float().cpu().numpy()
    return explanations_of(found.logits, found.probabilities, found.class_ids, summed)


@in_chunks
def smooth_fullgrad(
    classifier: Classifier, pixels: Tensor, class_ids: Tensor | None
) -> list[Explanation]:
    """FullGrad of the terms' mean over noisy copies of the image, for the class of the clean one.

    The noise is the same for every image, so an image's map does not depend on its batch.
    """
    check_supported(classifier.network)
    clean = image_gradient(classifier, pixels, class_ids)
    low, high = (clean.pixels.flatten(1).aminmax(dim=1)[end].view(-1, 1, 1, 1) for end in (0, 1))
    generator = torch.Generator().manual_seed(SMOOTH_SEED)
    totals = _Totals()
    for _ in range(SMOOTH_SAMPLES):
        noise = torch.randn(pixels.shape[1:], generator=generator).to(clean.pixels)
        noisy = clean.pixels + SMOOTH_SPREAD * (high - low) * noise
        with bias_gradients(classifier, totals.add):
            image_gradient(classifier, noisy, clean.class_ids)
        totals.start_again()
    gradient_sum = GradientSum()
    place = clean.pixels.new_full((1, 1, 1), 1 / SMOOTH_SAMPLES)
    for name, total in totals.terms:
        gradient_sum.add(name, place, total)
    maps = gradient_sum.maps(pixels.shape[-2:])
    return explanations_of(clean.logits, clean.probabilities, clean.class_ids, maps)


class _Totals:
    """Sums, over passes, of the terms that have a place: the same ones come in the same order."""

    def __init__(self) -> None:
        self.terms: list[tuple[str, Tensor]] = []
        self._place = 0

    def add(self, name: str, factor: Tensor, gradient: Tensor) -> None:
        """Count <gradient, factor> where the last pass had it."""
        if factor.dim() < 3:
            return
        if self._place == len(self.terms):
            self.terms.append((name, gradient * factor))
        else:
            self.terms[self._place][1].addcmul_(gradient, factor)
        self._place += 1

    def start_again(self) -> None:
        """A pass has ended."""
        self._place = 0
