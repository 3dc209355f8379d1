"""Compiled or not, the classifier answers the same; what cannot be compiled serves as it is."""

import logging
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from core.model import onnx
from core.model.classifier import Classifier
from core.model.onnx import compile_forward
from core.model.predictor import Predictor
from core.model.suspicion.features import FeatureExtractor, Floats, Forward
from tests.conftest import SIDE
from tests.support.images import blocks, noise


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="module")
def extractor(classifier: Classifier) -> FeatureExtractor:
    return FeatureExtractor(classifier, features=True)


@pytest.fixture(scope="module")
def forward(extractor: FeatureExtractor, folder: Path) -> Forward:
    return compile_forward(extractor, folder)


@pytest.mark.parametrize("count", [1, 2, 3, 32, 33])
def test_its_outputs_are_the_networks(
    classifier: Classifier, extractor: FeatureExtractor, forward: Forward, count: int
) -> None:
    pixels = torch.rand(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(count))
    outputs, expected = forward(pixels), extractor.compute(pixels)
    assert extractor.names == ("logits", "layer2", "layer3", "penultimate")
    assert np.array_equal(expected[0], classifier.logits_of([pixels]))
    assert [each.shape for each in outputs] == [(count, n) for n in (43, 128, 256, 512)]
    for own, theirs in zip(outputs, expected, strict=True):
        assert np.abs(own - theirs).max() <= 1e-4 * np.abs(theirs).max()


@pytest.mark.parametrize("calibrated", [True, False])
def test_a_compiled_predictor_predicts_the_same(
    predictor: Predictor, folder: Path, calibrated: bool
) -> None:
    classifier, calibration = predictor.classifier, predictor.calibration if calibrated else None
    plain = Predictor(classifier, calibration, alpha=0.01)
    fast = Predictor(classifier, calibration, alpha=0.01)
    fast.compile(folder)
    images = [*(blocks(seed) for seed in range(70)), noise(7, 50), noise(200, 90)]
    for one, other in zip(plain.predict(images), fast.predict(images), strict=True):
        assert one.class_id == other.class_id
        assert np.abs(one.probabilities - other.probabilities).max() < 1e-4
        assert (one.suspicion.p_value is not None) == calibrated
        assert one.suspicion.p_value == pytest.approx(other.suspicion.p_value, abs=0.01)


def test_it_is_exported_once(
    extractor: FeatureExtractor, forward: Forward, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (folder / f"{extractor.manifest.sha256}-features.onnx").is_file()
    monkeypatch.setattr(onnx, "_export", lambda *_: pytest.fail("exported again"))
    pixels = torch.rand(2, 3, SIDE, SIDE)
    again = compile_forward(extractor, folder)(pixels)
    assert all(map(np.array_equal, again, forward(pixels)))


def serves_uncompiled(
    extractor: FeatureExtractor, folder: Path, caplog: pytest.LogCaptureFixture, reason: str
) -> None:
    with caplog.at_level(logging.WARNING):
        forward = compile_forward(extractor, folder)
    assert f"The classifier serves uncompiled, which is slower: {reason}" in caplog.text
    pixels = torch.rand(2, 3, SIDE, SIDE)
    assert all(map(np.array_equal, forward(pixels), extractor.compute(pixels)))
    assert list(folder.iterdir()) == []


def test_what_cannot_be_exported_serves_as_it_is(
    extractor: FeatureExtractor,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no such operator")

    monkeypatch.setattr(onnx, "_export", fail)
    serves_uncompiled(extractor, tmp_path, caplog, "no such operator")


def test_a_file_that_answers_otherwise_is_thrown_away(
    extractor: FeatureExtractor,
    forward: Forward,
    folder: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = folder / f"{extractor.manifest.sha256}-features.onnx"
    (tmp_path / kept.name).write_bytes(kept.read_bytes())
    monkeypatch.setattr(onnx, "TOLERANCE", -1.0)
    serves_uncompiled(extractor, tmp_path, caplog, "its logits differ by ")


@pytest.mark.parametrize(
    ("output", "off", "reason"),
    [
        (0, float("nan"), "its logits differ by nan of the largest"),
        (0, 10.0, "its logits differ by "),
        (3, 10.0, "its penultimate differ by "),
    ],
)
def test_an_export_with_one_wrong_number_is_thrown_away(
    extractor: FeatureExtractor,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    output: int,
    off: float,
    reason: str,
) -> None:
    def load(*_: object) -> Forward:
        def answer(pixels: torch.Tensor) -> list[Floats]:
            found = extractor.compute(pixels)
            found[output][1, 2] += off
            return found

        return answer

    monkeypatch.setattr(onnx, "_export", lambda extractor, path: path.write_bytes(b""))
    monkeypatch.setattr(onnx, "_load", load)
    serves_uncompiled(extractor, tmp_path, caplog, reason)


def test_a_broken_file_is_thrown_away(
    extractor: FeatureExtractor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / f"{extractor.manifest.sha256}-features.onnx").write_bytes(b"cut short")
    serves_uncompiled(extractor, tmp_path, caplog, "")


def test_it_computes_on_the_calling_thread(
    extractor: FeatureExtractor, forward: Forward, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = []
    session = onnxruntime.InferenceSession

    def note(path: Path, options: onnxruntime.SessionOptions, **named: object) -> object:
        outputs.append((options.intra_op_num_threads, options.inter_op_num_threads))
        return session(path, options, **named)

    monkeypatch.setattr(onnxruntime, "InferenceSession", note)
    compile_forward(extractor, folder)
    assert outputs == [(1, 1)]
