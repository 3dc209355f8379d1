"""How well suspicion finds attacks that had no part in it, and what it costs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from core import datasets
from core.datasets import Dataset
from core.evaluation import intervals
from core.evaluation.suspicion import measure
from core.jobs import in_silence
from core.model.classifier import to_tensor
from core.model.onnx import compile_forward
from core.model.predictor import Predictor
from core.model.suspicion.calibration import Calibration, Scorer
from core.model.suspicion.features import FeatureExtractor, Outputs, extract, joined
from core.settings import Settings
from tests.benchmarks.rounds import interleaved_seconds
from tests.benchmarks.rows import Row, Rows, held_out, model, real_signs, seed

COUNT, BATCH, ROUNDS = 100, 32, 9
ALPHA = 0.01
SPLITS, SHARE = 200, 0.4  # of unseen tracks, of which that share calibrates, as in the split
PASSES = 3  # at most, of the network for an image
# AUROC, and the share found at 1 % of clean images
GOALS = {
    "PGD 8/255": (0.95, 0.6),
    "PGD 2/255": (0.90, None),
    "C&W-L2": (0.93, 0.4),
    "DeepFool": (0.93, 0.4),
}


def rows() -> Rows:
    """By family, the worst beside max-softmax, false alarms, natural errors."""
    predictor = Predictor.load(Settings().model, alpha=ALPHA)
    assert predictor.calibration is not None, predictor.uncalibrated
    found = measure(
        predictor.classifier,
        predictor.calibration,
        held_out(),
        fold="held-out",
        count=COUNT,
        seed=0,
        progress=in_silence,
    )
    for each in found.families:
        goal, share = GOALS.get(each.title, (0.85, None))
        yield Row(f"{each.title} ({each.images} misclassified): AUROC", each.auroc.mean, goal, True)
        if share is not None:
            yield Row(f"{each.title}: found at 1 % of clean images", each.found.mean, share, True)
    for title in [title for title in GOALS if title not in {f.title for f in found.families}]:
        yield Row.unmeasured(f"{title}: AUROC", f"none of {COUNT} images was misclassified")
    worst = min(each.auroc.mean for each in found.families)
    softmax = min(each.softmax_auroc.mean for each in found.families)
    yield Row("worst family: AUROC", worst, 0.85, True)
    yield Row("worst family: AUROC above max-softmax's worst", worst - softmax, 0.15, True)
    rate = found.false_positive_rate.mean
    yield Row(f"flagged of {found.clean:,} clean images at 1 %, at least", rate, 0.005, True)
    yield Row(f"flagged of {found.clean:,} clean images at 1 %, at most", rate, 0.015, False)
    if found.errors is None:
        yield Row.unmeasured("natural errors: AUROC", "every image is classified correctly")
    else:
        yield Row(
            f"natural errors ({found.errors.images}): AUROC", found.errors.auroc.mean, 0.95, True
        )
    if found.adaptive is None:
        print(f"adaptive attack: none of {found.tried} images misclassified")
    else:
        print(
            f"adaptive attack: {found.adaptive.images} of {found.tried} misclassified, "
            f"{found.adaptive.flagged.mean:.0%} of these flagged, "
            f"AUROC {found.adaptive.auroc.mean:.3f}"
        )


def splits() -> Rows:
    """Whether new signs are flagged as often as a calibration says, over random splits by track."""
    predictor = Predictor.load(Settings().model, alpha=ALPHA)
    assert predictor.calibration is not None, predictor.uncalibrated
    scorer = predictor.calibration.scorer
    unseen = [datasets.load(real_signs()).fold(fold) for fold in ("calibration", "held-out")]
    outputs, signs = _correct(predictor, unseen)
    base, count = seed(), signs.max() + 1
    shares, within = [], 0
    for number in range(SPLITS):
        chosen = np.random.default_rng([base, number]).permutation(count)[: round(count * SHARE)]
        inside = np.isin(signs, chosen)
        clean, new = (outputs.take(np.flatnonzero(rows)) for rows in (inside, ~inside))
        fitted = Scorer.fit(scorer.temperature, scorer.clouds, clean)
        calibration = Calibration.fit("", fitted, clean, signs[inside])
        flagged = calibration.flagged(ALPHA).astype(float)
        stated = intervals.share(flagged, calibration.tracks, predicted=True)
        share = float((calibration.judge(new).p_values <= ALPHA).mean())
        assert stated.low is not None
        assert stated.high is not None
        within += stated.low <= share <= stated.high
        shares.append(share)
    low, middle, high = np.quantile(shares, [0.05, 0.5, 0.95])
    print(f"flagged at 1 % over {SPLITS} splits: {middle:.2%}, 5 to 95 %: {low:.2%} to {high:.2%}")
    name = f"splits by track whose new signs are flagged as often as stated, of {SPLITS}"
    yield Row(name, within / SPLITS, 0.9, True)
    mean = float(np.mean(shares))
    yield Row("clean images of new signs flagged at 1 %, mean, at least", mean, 0.005, True)
    yield Row("clean images of new signs flagged at 1 %, mean, at most", mean, 0.015, False)


def _correct(predictor: Predictor, unseen: list[Dataset]) -> tuple[Outputs, NDArray[np.int64]]:
    """Outputs of the images that are classified correctly, and the sign of each."""
    extractor = FeatureExtractor(predictor.classifier, features=True)
    found, signs, count = [], [], 0
    for dataset in unseen:
        parts = []
        for start in range(0, len(dataset), BATCH):
            prepared = [predictor.prepare(each) for each in dataset.images[start : start + BATCH]]
            parts.append(extract(extractor.names, extractor.compute, prepared, transformed=True))
        outputs = joined(parts)
        rows = np.flatnonzero(outputs.logits.argmax(axis=1) == dataset.labels)
        found.append(outputs.take(rows))
        signs.append(count + dataset.signs()[rows])
        count += dataset.signs().max() + 1
    return joined(found), np.concatenate(signs)


def cost() -> Rows:
    """Forward passes of an image, counted; the time of a batch, as it serves, by plain passes."""
    images = held_out().sample(BATCH, seed=0).images
    predictor = Predictor.load(Settings().model, alpha=ALPHA)
    prepared = [predictor.prepare(each) for each in images]
    yield Row("forward passes of an image", _passes(predictor, prepared) / BATCH, PASSES, False)
    pixels = model().resize(to_tensor(np.stack(images)))
    with tempfile.TemporaryDirectory() as folder:
        predictor.compile(Path(folder))
        plain = compile_forward(FeatureExtractor(model(), features=False), Path(folder))
        taken = interleaved_seconds(
            {
                "suspicion": lambda: predictor.predict_prepared(prepared),
                "plain": lambda: plain(pixels),
            },
            ROUNDS,
        )
    ratios = taken["suspicion"] / taken["plain"]
    name = "prediction with suspicion: time of plain forward passes"
    yield Row.of_rounds(name, ratios, PASSES, False)


def _passes(predictor: Predictor, prepared: Any) -> int:
    """How many images go through the network for these."""
    passed = []

    def count(module: nn.Module, given: Any, returned: Any) -> None:
        if isinstance(module, FeatureExtractor):
            passed.append(len(given[0]))

    hook = register_module_forward_hook(count)
    try:
        predictor.predict_prepared(prepared)
    finally:
        hook.remove()
    return sum(passed)
