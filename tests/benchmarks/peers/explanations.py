"""pytorch-grad-cam and Captum on the shipped classifier, run in an environment of their own.

    python -m tests.benchmarks.peers.explanations IN.npz OUT.npz MODEL

IN: pixels and untied (batch, 3, height, width) in [0, 1]. OUT: `seconds/plain`, `/signwatch` and
`/pytorch-grad-cam`, one a round, of the batch of pixels: a forward and backward pass to the pixels
alone, our FullGrad, theirs; and maps (batch, height, width) of untied, not scaled, for the
predicted classes, in double precision: `grad_cam` by pytorch-grad-cam, `input_x_gradient` by
Captum.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.explain.fullgrad import explain
from core.explain.image_gradient import laid_out
from core.model import classifier as classifiers
from core.model.classifier import Classifier
from tests.benchmarks.rounds import interleaved_seconds

warnings.simplefilter("ignore")

from captum.attr import InputXGradient  # noqa: E402
from pytorch_grad_cam import FullGrad, GradCAM  # noqa: E402


def seconds(model: Classifier, pixels: Tensor) -> dict[str, NDArray[np.float64]]:
    """Of the three, in turn. The plain pass has the layout that our FullGrad passes in."""

    def plain() -> None:
        leaf = laid_out(pixels).requires_grad_()
        torch.autograd.grad(model(leaf).max(1).values.sum(), leaf)

    theirs = FullGrad(model, [])
    taken = interleaved_seconds(
        {
            "plain": plain,
            "signwatch": lambda: explain(model, pixels),
            "pytorch-grad-cam": lambda: theirs(pixels, None),
        }
    )
    theirs.activations_and_grads.release()
    return {f"seconds/{name}": values for name, values in taken.items()}


def grad_cam(model: Classifier, pixels: Tensor) -> NDArray[np.float64]:
    """Before it stretches each map to [0, 1]; resized bilinearly."""
    layer = model.network.layer4
    with GradCAM(model, [layer]) as cam:
        cam(pixels, None)
        seen = cam.activations_and_grads
        raw = cam.get_cam_image(
            pixels, layer, None, seen.activations[0].numpy(), seen.gradients[0].numpy()
        )
    maps = torch.from_numpy(np.maximum(raw, 0))[:, None]
    resized = F.interpolate(maps, pixels.shape[-2:], mode="bilinear", align_corners=False)
    return resized[:, 0].numpy()


def input_x_gradient(model: Classifier, pixels: Tensor) -> NDArray[np.float64]:
    """Its sizes, summed over colours."""
    attributed = InputXGradient(model).attribute(pixels, target=model(pixels).argmax(1))
    return attributed.abs().sum(1).detach().numpy()


def main(source: str, out: str, folder: str) -> None:
    """Measure all of it."""
    model = classifiers.load(Path(folder))
    with np.load(source) as given:
        pixels, untied = torch.from_numpy(given["pixels"]), torch.from_numpy(given["untied"])
    clocked = seconds(model, pixels)
    model = model.double()
    np.savez(
        out,
        **clocked,
        grad_cam=grad_cam(model, untied),
        input_x_gradient=input_x_gradient(model, untied),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
