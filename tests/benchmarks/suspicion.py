"""How well suspicion finds attacks that had no part in it, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np

from core.evaluation.suspicion import measure
from core.model.classifier import to_tensor
from core.model.predictor import Predictor
from core.model.suspicion.features import FeatureExtractor
from core.model.suspicion.transforms import TRANSFORMS
from core.settings import Settings
from tests.benchmarks.rows import Row, Rows, held_out

COUNT, BATCH, TURNS = 100, 32, 9
# AUROC, and the share found at 1 % of clean images
GOALS = {
    "PGD 8/255": (0.95, 0.6),
    "PGD 2/255": (0.90, None),
    "C&W-L2": (0.93, 0.4),
    "DeepFool": (0.93, 0.4),
}


def rows() -> Rows:
    """By family, the worst beside max-softmax, false alarms, natural errors, cost."""
    predictor = Predictor.load(Settings().model, alpha=0.01)
    assert predictor.calibration is not None, predictor.uncalibrated
    found = measure(
        predictor.classifier,
        predictor.calibration,
        held_out(),
        fold="held-out",
        count=COUNT,
        seed=0,
        progress=lambda *_: None,
    )
    for each in found.families:
        goal, share = GOALS.get(each.title, (0.85, None))
        yield Row(f"{each.title} ({each.images} misclassified): AUROC", each.auroc, goal, True)
        if share is not None:
            yield Row(f"{each.title}: found at 1 % of clean images", each.found, share, True)
    worst = min(each.auroc for each in found.families)
    softmax = min(each.softmax_auroc for each in found.families)
    yield Row("worst family: AUROC", worst, 0.85, True)
    yield Row("worst family: AUROC above max-softmax's worst", worst - softmax, 0.15, True)
    rate = found.false_positive_rate
    yield Row(f"flagged of {found.clean:,} clean images at 1 %, at least", rate, 0.005, True)
    yield Row(f"flagged of {found.clean:,} clean images at 1 %, at most", rate, 0.015, False)
    if found.errors is not None:
        yield Row(f"natural errors ({found.errors.images}): AUROC", found.errors.auroc, 0.95, True)
    if found.adaptive is None:
        print(f"adaptive attack: none of {found.tried} images misclassified")
    else:
        print(
            f"adaptive attack: {found.adaptive.images} of {found.tried} misclassified, "
            f"{found.adaptive.flagged:.0%} of these flagged, "
            f"AUROC {found.adaptive.auroc:.3f}"
        )
    yield from cost(predictor)


def cost(predictor: Predictor) -> Rows:
    """Forward passes of an image, and the time of a batch beside three plain ones."""
    yield Row("forward passes of an image", 1 + len(TRANSFORMS), 3, False)
    prepared = [predictor.prepare(each) for each in held_out().sample(BATCH, seed=0).images]
    plain = FeatureExtractor(predictor.classifier, features=False)
    pixels = to_tensor(np.stack(held_out().sample(BATCH, seed=0).images))
    pixels = predictor.classifier.resize(pixels)
    ratios = []
    for _ in range(TURNS):
        judged = _seconds(lambda: predictor.predict_prepared(prepared))
        three = _seconds(lambda: [plain.compute(pixels) for _ in range(1 + len(TRANSFORMS))])
        ratios.append(judged / three)
    yield Row("prediction with suspicion: time / three forward passes", median(ratios), 1.15, False)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
