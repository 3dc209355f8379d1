"""The classifier's forward pass compiled by ONNX Runtime: the same logits, faster.

Exporting takes seconds, so the result is kept in a folder under the checksum of the weights. Before
it serves, its logits are compared with the classifier's own; attacks and explanations, which need
gradients, use that one.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.vision.classifier import Classifier

logger = logging.getLogger(__name__)

Forward = Callable[[Tensor], NDArray[np.float32]]
TOLERANCE = 1e-3  # largest difference of a logit, relative to the largest logit
TEST_BATCH = 3


def compile_forward(classifier: Classifier, folder: Path) -> Forward:
    """(batch, 3, side, side) -> logits (batch, classes), on the calling thread alone.

    A network that cannot be exported, or that then answers otherwise, serves as it is.
    """
    path = folder / f"{classifier.manifest.sha256}.onnx"
    try:
        if not path.is_file():
            _export(classifier, path)
        return _checked(classifier, _load(path))
    except Exception as error:  # noqa: BLE001
        # The exporter and the runtime raise whatever they like; serving does not depend on them.
        path.unlink(missing_ok=True)
        logger.warning("The classifier serves uncompiled, which is slower: %s", error)
        return lambda pixels: classifier.logits_of([pixels])


def _export(classifier: Classifier, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    exported = torch.onnx.export(
        classifier, (_example(classifier),), input_names=["pixels"], output_names=["logits"],
        dynamic_shapes=({0: torch.export.Dim("batch")},), dynamo=True, verbose=False,
    )  # fmt: skip
    assert exported is not None
    # Another process may look for the file at the same moment: it finds all of it or none.
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    exported.save(unfinished)
    unfinished.replace(path)


def _load(path: Path) -> Forward:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def forward(pixels: Tensor) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = session.run(["logits"], {"pixels": pixels.numpy()})[0]
        return logits

    return forward


def _checked(classifier: Classifier, forward: Forward) -> Forward:
    pixels = _example(classifier)
    expected = classifier.logits_of([pixels])
    difference = float(np.abs(forward(pixels) - expected).max() / np.abs(expected).max())
    if not difference <= TOLERANCE:
        raise ValueError(f"its logits differ by {difference:.1e} of the largest")
    return forward


def _example(classifier: Classifier) -> Tensor:
    """(TEST_BATCH, 3, side, side), the same each time."""
    side = classifier.manifest.input_size
    generator = torch.Generator().manual_seed(0)
    return torch.rand(TEST_BATCH, 3, side, side, generator=generator)
