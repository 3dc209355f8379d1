"""The forward pass compiled by ONNX Runtime: the same logits and features, faster.

Export takes seconds, so its result is kept in a folder under the checksum of the weights. Its
outputs are compared with the network's before it serves. Attacks and explanations need gradients
and use the network itself.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from core.model.suspicion.features import FeatureExtractor, Floats, Forward

logger = logging.getLogger(__name__)

TOLERANCE = 1e-3  # largest difference in an output, relative to its largest value
TEST_BATCH = 3


def compile_forward(extractor: FeatureExtractor, folder: Path) -> Forward:
    """Compile the forward pass, or load it from `folder`.

    Returns
    -------
    Forward
        (batch, 3, side, side) -> the extractor's outputs, computed on the calling thread alone. A
        network that cannot be exported, or whose export differs by more than TOLERANCE, serves
        uncompiled.
    """
    suffix = "-features" if len(extractor.names) > 1 else ""
    path = folder / f"{extractor.manifest.sha256}{suffix}.onnx"
    try:
        if not path.is_file():
            _export(extractor, path)
        return _checked(extractor, _load(extractor, path))
    except Exception as error:  # noqa: BLE001
        # Exporter and runtime document no errors; serving does not depend on them.
        path.unlink(missing_ok=True)
        logger.warning("The classifier serves uncompiled, which is slower: %s", error)
        return extractor.compute


def _export(extractor: FeatureExtractor, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    exported = torch.onnx.export(
        extractor,
        (_example(extractor),),
        input_names=["pixels"],
        output_names=list(extractor.names),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        dynamo=True,
        verbose=False,
    )
    assert exported is not None
    # Another process may open the file at the same moment: it finds all of it or none.
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    exported.save(unfinished)
    unfinished.replace(path)


def _load(extractor: FeatureExtractor, path: Path) -> Forward:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # one is kept for each size of batch, and they add up
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def forward(pixels: Tensor) -> list[Floats]:
        outputs: list[Floats] = session.run(list(extractor.names), {"pixels": pixels.numpy()})
        return outputs

    return forward


def _checked(extractor: FeatureExtractor, forward: Forward) -> Forward:
    pixels = _example(extractor)
    outputs = zip(extractor.names, forward(pixels), extractor.compute(pixels), strict=True)
    for name, own, expected in outputs:
        difference = float(np.abs(own - expected).max() / np.abs(expected).max())
        if not difference <= TOLERANCE:
            raise ValueError(f"its {name} differ by {difference:.1e} of the largest")
    return forward


def _example(extractor: FeatureExtractor) -> Tensor:
    """(TEST_BATCH, 3, side, side), the same each time."""
    side = extractor.manifest.input_size
    generator = torch.Generator().manual_seed(0)
    return torch.rand(TEST_BATCH, 3, side, side, generator=generator)
