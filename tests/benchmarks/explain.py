"""How exact, how fast and how good explanations are; beside pytorch-grad-cam and Captum."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from core.evaluation.explanations import measure
from core.explain.fullgrad import explain
from core.explain.methods import METHODS
from core.model.classifier import Classifier, build_network, to_tensor
from tests.benchmarks.rows import Row, Rows, attacked_images, held_out, model
from tests.benchmarks.worker import run_peers

COUNT, BATCH = 256, 32
RANDOM = ("vgg11_bn", "densenet121")


def completeness() -> Rows:
    """The worst residual of 256 images, in single and double precision."""
    yield from _completeness("shipped ResNet-18", model())
    for architecture in RANDOM:
        yield from _completeness(f"random {architecture}", random_classifier(architecture))


def _completeness(name: str, classifier: Classifier) -> Rows:
    for precision, goal in (("float32", 1e-3), ("float64", 1e-9)):
        dtype = getattr(torch, precision)
        explained = explain(copy.deepcopy(classifier).to(dtype), _pixels(COUNT))
        worst = max(each.residual for each in explained if each.residual is not None)
        yield Row(f"{name}: residual, worst of {COUNT}, {precision}", worst, goal, False)


def random_classifier(architecture: str) -> Classifier:
    """Random weights, with batch norm statistics of real signs, so that logits are no constants."""
    torch.manual_seed(0)
    network = build_network(architecture, model().classes)
    classifier = Classifier(model().manifest, network)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None  # one pass sets the statistics
    network.train()
    with torch.no_grad():
        classifier(_pixels(BATCH))
    return classifier.eval()


def batches() -> Rows:
    """An image's map in a batch and alone, relative to the map's largest value."""
    together = explain(model(), _pixels(BATCH))
    alone = [explain(model(), pixels[None])[0] for pixels in _pixels(BATCH)]
    pairs = zip(together, alone, strict=True)
    worst = max(float(np.abs(a.map - b.map).max() / b.map.max()) for a, b in pairs)
    yield Row(f"map in a batch of {BATCH}: largest difference to alone", worst, 1e-4, False)


def beside_peers() -> Rows:
    """Seconds of a batch at the size that the classifier sees, and what both compute alike."""
    pixels, _ = attacked_images(BATCH)
    images = untied(pixels)
    theirs = run_peers("explanations", pixels=pixels.numpy(), untied=images.numpy())
    for name, peer, goal in (
        ("of one forward and backward pass", "plain", 1.5),
        ("of pytorch-grad-cam's", "pytorch-grad-cam", 0.1),
    ):
        ratios = theirs["seconds/signwatch"] / theirs[f"seconds/{peer}"]
        yield Row.of_rounds(f"FullGrad of {BATCH} images: time {name}", ratios, goal, False)
    precise = copy.deepcopy(model()).double()
    for name, peer in (("grad_cam", "pytorch-grad-cam"), ("input_x_gradient", "Captum")):
        maps = np.stack([each.map for each in METHODS[name].explain(precise, images)])
        worst = float(np.abs(maps - theirs[name]).max() / theirs[name].max())
        yield Row(f"{METHODS[name].title}: largest difference to {peer}", worst, 1e-4, False)


def untied(pixels: Tensor) -> Tensor:
    """The images in double precision, with noise of up to one level, so that gradients are unique.

    Where pixels are equal, as in enlarged or saturated places, a maximum is reached several times,
    and rounding decides which of them max pooling passes the gradient to: it differs with the
    order in which a processor sums, by 1 % of a map. In single precision the same happens at the
    kinks of ReLUs.
    """
    noise = torch.rand(pixels.shape, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    return (254 * pixels.double() + noise) / 255


def quality() -> Rows:
    """What `explain --evaluate` measures, on tracks held out."""
    found = measure(model(), held_out().sample_evenly(COUNT, seed=0), fold="held-out", seed=0)
    hit, deletion, random = found.localisation, found.deletion, found.all_random
    assert hit is not None
    yield Row("pointing game in the sign's box", hit.pointing.mean, 0.95, True)
    yield Row("energy in the box, less the box's area", hit.energy.mean - hit.box_area, 0.0, True)
    for name, less in (
        ("random deletion", deletion.less_than_random),
        ("input x gradient", deletion.less_than_input_x_gradient),
    ):
        yield Row(f"deletion moves the logit less than {name}, low end", less.low, 0.0, True)
    for name, correlation in (
        ("of maps as shown", random.shown),
        ("less the mean map", random.specific),
        ("of signed maps", random.signed),
    ):
        yield Row(f"random parameters: |Spearman| {name}", correlation, 0.3, False)


def _pixels(count: int) -> Tensor:
    return to_tensor(np.stack(held_out().sample(count, seed=0).images))
