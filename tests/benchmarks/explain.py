"""How exactly the parts of FullGrad add up to the score."""

from __future__ import annotations

import copy

import numpy as np

from core.vision.classifier import to_tensor
from core.vision.fullgrad import explain
from tests.benchmarks.rows import Row, Rows, held_out, model

COUNT = 256


def rows() -> Rows:
    """The worst completeness residual of 256 images, in single and double precision."""
    pixels = to_tensor(np.stack(held_out().sample(COUNT, seed=0).images))
    batches = pixels.split(32)
    single = max(each.residual for batch in batches for each in explain(model(), batch))
    precise = copy.deepcopy(model()).double()
    double = max(each.residual for batch in batches for each in explain(precise, batch.double()))
    yield Row("completeness residual, worst of 256, float32", single, 1e-3, False)
    yield Row("completeness residual, worst of 256, float64", double, 1e-9, False)
