"""model detect: what it writes beside the model, prints and refuses."""

import shutil
from pathlib import Path

import pytest

from core.evaluation import suspicion
from core.evaluation.model_card import render
from core.model.classifier import Classifier
from core.records.evaluation.suspicion import Detection, clean_flagged
from tests.support.command_line import Run
from tests.support.images import blocks
from tests.support.layouts import write_npz
from tests.support.reports import make_detection


@pytest.fixture
def model(tmp_path: Path, model_dir: Path) -> Path:
    """A model folder that may be written to."""
    return Path(shutil.copytree(model_dir, tmp_path / "own"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_npz(tmp_path / "two" / "data.npz", images=[blocks(0), blocks(1)], labels=[0, 1])


def test_figures_and_card_are_written_beside_the_model(
    run: Run, model: Path, data: Path, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = make_detection(classifier.manifest.sha256)
    asked: list[dict[str, object]] = []

    def measure(*_: object, **options: object) -> Detection:
        asked.append(options)
        return measured

    monkeypatch.setattr(suspicion, "measure", measure)
    done = run("model", "detect", "--data", data, "--model", model, "--count", 7, "--seed", 3)
    assert done.code == 0
    assert (asked[0]["fold"], asked[0]["count"], asked[0]["seed"]) == ("all", 7, 3)
    assert Detection.read(model) == measured
    assert (model / "README.md").read_text() == render(classifier.manifest, None, None, measured)
    lines = done.out.splitlines()
    assert lines[0] == clean_flagged(measured)
    figures = [text.strip() for text in lines[2].split("  ") if text]
    assert figures == ["PGD 8/255", "98", "0.993", "0.312", "76% (72 to 78%)", "78% (74 to 80%)"]
    assert lines[-1] == f"written: {model / 'detection.json'}, {model / 'README.md'}"


def test_a_model_without_a_calibration_is_refused(run: Run, model: Path, data: Path) -> None:
    (model / "suspicion.safetensors").unlink()
    done = run("model", "detect", "--data", data, "--model", model)
    assert (done.code, done.out) == (2, "")
    assert "error: suspicion cannot be measured: " in done.err
