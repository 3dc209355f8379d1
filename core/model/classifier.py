"""The classifier: pixels in [0, 1] of any size -> logits.

Serving, attacks and explanations all use it. Resizing and normalisation are part of it.
"""

from __future__ import annotations

import pickle
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from core.errors import BadInput, NotFound
from core.labels import all_labels
from core.model.manifest import WEIGHTS_FILE, Manifest, file_sha256

BATCH = 64
STRIPE = 1 << 19  # pixels that are resized at a time
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Classifier(nn.Module):
    """A torchvision network behind resizing and normalisation, in eval mode unless trained.

    Parameters
    ----------
    manifest
        Input size, mean, std, labels and temperature.
    network
        Maps (batch, 3, input_size, input_size), normalised, to logits (batch, classes).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, manifest: Manifest, network: nn.Module) -> None:
        super().__init__()
        self.manifest = manifest
        self.network = network
        self.register_buffer("mean", torch.tensor(manifest.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(manifest.std).view(1, 3, 1, 1), persistent=False)
        self.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        """pixels (batch, 3, height, width) in [0, 1] -> logits (batch, classes), not tempered."""
        logits: Tensor = self.network(self.normalise(self.resize(pixels)))
        return logits

    def resize(self, pixels: Tensor) -> Tensor:
        """Bilinear, antialiased when reducing: (batch, 3, input_size, input_size). Linear."""
        side = self.manifest.input_size
        if pixels.shape[-2:] == (side, side):
            return pixels
        return _resized(pixels, side, side)

    def normalise(self, pixels: Tensor) -> Tensor:
        """(pixels - mean) / std, channel by channel."""
        return (pixels - self.mean) / self.std

    def probabilities(self, logits: Tensor) -> Tensor:
        """Calibrated: softmax(logits / temperature), (batch, classes)."""
        return torch.softmax(logits / self.manifest.temperature, dim=1)

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.manifest.labels)

    def predict_logits(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Logits of images as serving computes them.

        Parameters
        ----------
        images
            N arrays (height, width, 3) uint8; sizes may differ.

        Returns
        -------
        numpy.ndarray
            (N, classes) float32, not divided by the temperature.
        """
        return self.logits_of([self.prepare(image) for image in images])

    @torch.inference_mode()
    def prepare(self, image: NDArray[np.uint8]) -> Tensor:
        """First half of the predict path: an image (h, w, 3) uint8 -> (1, 3, side, side).

        A large image is resized row by row and then column by column, as torch does it, but some
        rows at a time: as floating-point numbers all of them would take many times the memory.
        """
        height, width = image.shape[:2]
        if height * width <= STRIPE:
            return self.resize(to_tensor(image[None]))
        rows = max(1, STRIPE // width)
        stripes = (to_tensor(image[None, top : top + rows]) for top in range(0, height, rows))
        narrow = [_resized(stripe, stripe.shape[2], self.manifest.input_size) for stripe in stripes]
        return self.resize(torch.cat(narrow, dim=2))

    @torch.inference_mode()
    def logits_of(self, prepared: Sequence[Tensor]) -> NDArray[np.float32]:
        """Second half of the predict path: N prepared images -> (N, classes)."""
        batches = torch.split(torch.cat(list(prepared)), BATCH)
        return torch.cat([self(batch) for batch in batches]).numpy()

    def tempered(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """`probabilities` for numpy arrays, (N, classes)."""
        return self.probabilities(torch.from_numpy(logits)).numpy()

    def save(self, directory: Path) -> Classifier:
        """Write weights and manifest; returns the classifier with the checksum in its manifest."""
        directory.mkdir(parents=True, exist_ok=True)
        state = {name: tensor.contiguous() for name, tensor in self.network.state_dict().items()}
        save_file(state, directory / WEIGHTS_FILE)
        checksum = file_sha256(directory / WEIGHTS_FILE)
        self.manifest = replace(self.manifest, sha256=checksum, calibration_sha256="")
        self.manifest.write(directory)
        return self


def _resized(pixels: Tensor, height: int, width: int) -> Tensor:
    return F.interpolate(
        pixels, (height, width), mode="bilinear", align_corners=False, antialias=True
    )


def to_tensor(images: NDArray[np.uint8]) -> Tensor:
    """(batch, height, width, 3) uint8 -> (batch, 3, height, width) float32 in [0, 1]."""
    # A copy even where one is not needed: torch takes no read-only memory, and decoded files are.
    contiguous = images.transpose(0, 3, 1, 2).copy()
    return torch.from_numpy(contiguous).float() / 255.0


def to_images(pixels: Tensor) -> NDArray[np.uint8]:
    """(batch, 3, height, width) in [0, 1] -> (batch, height, width, 3) uint8, rounded."""
    levels = (pixels.detach().clamp(0, 1) * 255.0).round().to(torch.uint8)
    return levels.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def build_network(architecture: str, classes: int) -> nn.Module:
    """An untrained torchvision classifier; BadInput if there is none of that name."""
    names = torchvision.models.list_models(module=torchvision.models)
    if architecture not in names:
        raise BadInput(f"unknown architecture {architecture!r}; torchvision has {', '.join(names)}")
    network: nn.Module = torchvision.models.get_model(
        architecture, weights=None, num_classes=classes
    )
    return network


def load(directory: Path) -> Classifier:
    """Load the classifier that `Classifier.save` wrote.

    Raises
    ------
    NotFound
        The folder holds no model.
    BadInput
        The manifest is damaged, or the weights are not those that it describes.
    """
    manifest = Manifest.read(directory)
    weights = directory / WEIGHTS_FILE
    if not weights.is_file():
        raise NotFound(f"no model in {directory}: {WEIGHTS_FILE} is missing")
    if file_sha256(weights) != manifest.sha256:
        raise BadInput(f"{weights} is not the file that {directory}/model.json describes (SHA-256)")
    network = build_network(manifest.architecture, len(manifest.labels))
    try:
        network.load_state_dict(load_file(weights))
    except (SafetensorError, RuntimeError) as error:
        raise BadInput(
            f"{weights} does not fit {manifest.architecture}: {_brief(error)}"
        ) from error
    return Classifier(manifest, network)


def import_weights(path: Path, architecture: str, input_size: int) -> Classifier:
    """Import a torchvision state dict, with ImageNet mean and std; only tensors are unpickled.

    Parameters
    ----------
    path
        A file of safetensors (.safetensors) or of torch.save (any other name).
    architecture
        A name of torchvision.models.
    input_size
        The side, in pixels, of the square that the network is given.

    Raises
    ------
    BadInput
        There is no such architecture, or the file is no state dict of it with one output a label.
    """
    labels = tuple(label.name for label in all_labels())
    network = build_network(architecture, len(labels))
    try:
        state = load_file(path) if path.suffix == ".safetensors" else _load_checkpoint(path)
        network.load_state_dict(state)
    except (SafetensorError, RuntimeError, ValueError) as error:
        raise BadInput(
            f"{path} is not a state dict of {architecture} with {len(labels)} classes: "
            f"{_brief(error)}"
        ) from error
    recipe = {"imported_from": path.name}
    return Classifier(
        Manifest(architecture, input_size, IMAGENET_MEAN, IMAGENET_STD, labels, recipe=recipe),
        network,
    )


def _brief(error: Exception) -> str:
    """One line: torch lists every tensor that does not fit."""
    return textwrap.shorten(str(error), 300, placeholder=" ...")


def _load_checkpoint(path: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError) as error:
        # torch's own text proposes to read the file without weights_only, which runs its code.
        raise ValueError("it is no file of plain tensors as torch.save writes it") from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ValueError("it holds something other than named tensors")
    return state
