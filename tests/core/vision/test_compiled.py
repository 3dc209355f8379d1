"""Compiled or not, the classifier answers the same; what cannot be compiled serves as it is."""

import logging
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from core.vision import compiled
from core.vision.classifier import Classifier
from core.vision.compiled import Forward, compile_forward
from core.vision.predictor import Predictor
from tests.conftest import SIDE
from tests.pictures import blocks, noise


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="module")
def forward(classifier: Classifier, folder: Path) -> Forward:
    return compile_forward(classifier, folder)


@pytest.mark.parametrize("count", [1, 2, 3, 32, 33])
def test_its_logits_are_the_classifiers(
    classifier: Classifier, forward: Forward, count: int
) -> None:
    pixels = torch.rand(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(count))
    expected = classifier.logits_of([pixels])
    assert forward(pixels).shape == expected.shape == (count, 43)
    assert np.abs(forward(pixels) - expected).max() <= 1e-4 * np.abs(expected).max()


def test_a_compiled_predictor_predicts_the_same(classifier: Classifier, folder: Path) -> None:
    plain = Predictor(classifier, None, alpha=0.01)
    fast = Predictor(classifier, None, alpha=0.01)
    fast.compile(folder)
    pictures = [*(blocks(seed) for seed in range(70)), noise(7, 50), noise(200, 90)]
    for one, other in zip(plain.predict(pictures), fast.predict(pictures), strict=True):
        assert one.class_id == other.class_id
        assert np.abs(one.probabilities - other.probabilities).max() < 1e-4


def test_it_is_exported_once(
    classifier: Classifier, forward: Forward, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [file.name for file in folder.iterdir()] == [f"{classifier.manifest.sha256}.onnx"]
    monkeypatch.setattr(compiled, "_export", lambda *_: pytest.fail("exported again"))
    pixels = torch.rand(2, 3, SIDE, SIDE)
    assert np.array_equal(compile_forward(classifier, folder)(pixels), forward(pixels))


def serves_uncompiled(
    classifier: Classifier, folder: Path, caplog: pytest.LogCaptureFixture, reason: str
) -> None:
    with caplog.at_level(logging.WARNING):
        forward = compile_forward(classifier, folder)
    assert f"The classifier serves uncompiled, which is slower: {reason}" in caplog.text
    pixels = torch.rand(2, 3, SIDE, SIDE)
    assert np.array_equal(forward(pixels), classifier.logits_of([pixels]))
    assert list(folder.iterdir()) == []


def test_what_cannot_be_exported_serves_as_it_is(
    classifier: Classifier, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def fail(*_: object) -> None:
        raise RuntimeError("no such operator")

    monkeypatch.setattr(compiled, "_export", fail)
    serves_uncompiled(classifier, tmp_path, caplog, "no such operator")


def test_a_file_that_answers_otherwise_is_thrown_away(
    classifier: Classifier, forward: Forward, folder: Path, tmp_path: Path,
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    kept = folder / f"{classifier.manifest.sha256}.onnx"
    (tmp_path / kept.name).write_bytes(kept.read_bytes())
    monkeypatch.setattr(compiled, "TOLERANCE", -1.0)
    serves_uncompiled(classifier, tmp_path, caplog, "its logits differ by ")


def test_a_broken_file_is_thrown_away(
    classifier: Classifier, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / f"{classifier.manifest.sha256}.onnx").write_bytes(b"cut short")
    serves_uncompiled(classifier, tmp_path, caplog, "")


def test_it_computes_on_the_calling_thread(
    classifier: Classifier, forward: Forward, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    session = onnxruntime.InferenceSession

    def note(path: Path, options: onnxruntime.SessionOptions, **named: object) -> object:
        seen.append((options.intra_op_num_threads, options.inter_op_num_threads))
        return session(path, options, **named)

    monkeypatch.setattr(onnxruntime, "InferenceSession", note)
    compile_forward(classifier, folder)
    assert seen == [(1, 1)]
