"""How well flags find adversarial examples."""

import numpy as np
import pytest

from core.attacks import FGSM
from core.errors import BadInput
from core.evaluation import suspicion as measuring
from core.evaluation.suspicion import auroc, measure
from core.model.predictor import Predictor
from core.records.evaluation.suspicion import FamilyFigures
from tests.conftest import read_blocks
from tests.support.expect import raises


def test_auroc_counts_pairs() -> None:
    assert auroc(np.array([1.0, 2.0]), np.array([3.0])) == 1.0
    assert auroc(np.array([1.0, 2.0]), np.array([0.0, 1.0])) == 0.5 / 4
    assert auroc(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.5])) == 0.5


def test_one_family_is_measured(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "FAMILIES", (("FGSM 8/255", FGSM(), 8 / 255),))
    monkeypatch.setattr(measuring, "ADAPTIVE_STEPS", 2)
    assert predictor.calibration is not None
    dataset = read_blocks(predictor.classifier, 12, 50_000)
    dataset.labels[3] = (dataset.labels[3] + 1) % 43
    found = measure(
        predictor.classifier,
        predictor.calibration,
        dataset,
        fold="all",
        count=8,
        seed=0,
        progress=lambda *_: None,
    )
    assert (found.clean, found.tracks, found.data, found.tried) == (11, 11, "blocks", 2)
    assert found.errors is not None
    assert found.errors.images == 1
    assert found.weights_sha256 == predictor.classifier.manifest.sha256
    for each in (*found.families, found.errors):
        assert isinstance(each, FamilyFigures)
        assert 0 <= min(each.auroc, each.found, each.flagged) <= 1
        assert max(each.auroc, each.found, each.flagged) <= 1


def test_without_correct_predictions_nothing_is_measured(predictor: Predictor) -> None:
    dataset = read_blocks(predictor.classifier, 3)
    dataset.labels[:] = (dataset.labels + 1) % 43
    assert predictor.calibration is not None
    with raises(BadInput, "blocks: no image is classified correctly, so none can be attacked"):
        measure(
            predictor.classifier,
            predictor.calibration,
            dataset,
            fold="all",
            count=2,
            seed=0,
            progress=lambda *_: None,
        )
