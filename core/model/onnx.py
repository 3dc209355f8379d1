"""The forward pass compiled by ONNX Runtime: the same logits and features, faster.

Exporting takes seconds, so the result is kept in a folder under the checksum of the weights. Before
it serves, what it gives is compared with the network's own; attacks and explanations, which need
gradients, use that one.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from core.model.suspicion.features import Floats, Forward, Observer

logger = logging.getLogger(__name__)

TOLERANCE = 1e-3  # largest difference in an output, relative to its largest value
TEST_BATCH = 3


def compile_forward(observer: Observer, folder: Path) -> Forward:
    """(batch, 3, side, side) -> the observer's outputs, on the calling thread alone.

    A network that cannot be exported, or that then answers otherwise, serves as it is.
    """
    suffix = "-features" if len(observer.names) > 1 else ""
    path = folder / f"{observer.manifest.sha256}{suffix}.onnx"
    try:
        if not path.is_file():
            _export(observer, path)
        return _checked(observer, _load(observer, path))
    except Exception as error:  # noqa: BLE001
        # The exporter and the runtime raise whatever they like; serving does not depend on them.
        path.unlink(missing_ok=True)
        logger.warning("The classifier serves uncompiled, which is slower: %s", error)
        return observer.compute


def _export(observer: Observer, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    exported = torch.onnx.export(
        observer,
        (_example(observer),),
        input_names=["pixels"],
        output_names=list(observer.names),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        dynamo=True,
        verbose=False,
    )
    assert exported is not None
    # Another process may look for the file at the same moment: it finds all of it or none.
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    exported.save(unfinished)
    unfinished.replace(path)


def _load(observer: Observer, path: Path) -> Forward:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def forward(pixels: Tensor) -> list[Floats]:
        outputs: list[Floats] = session.run(list(observer.names), {"pixels": pixels.numpy()})
        return outputs

    return forward


def _checked(observer: Observer, forward: Forward) -> Forward:
    pixels = _example(observer)
    outputs = zip(observer.names, forward(pixels), observer.compute(pixels), strict=True)
    for name, own, expected in outputs:
        difference = float(np.abs(own - expected).max() / np.abs(expected).max())
        if not difference <= TOLERANCE:
            raise ValueError(f"its {name} differ by {difference:.1e} of the largest")
    return forward


def _example(observer: Observer) -> Tensor:
    """(TEST_BATCH, 3, side, side), the same each time."""
    side = observer.manifest.input_size
    generator = torch.Generator().manual_seed(0)
    return torch.rand(TEST_BATCH, 3, side, side, generator=generator)
