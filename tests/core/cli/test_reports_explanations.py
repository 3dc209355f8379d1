"""explain --evaluate: what it writes, where, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.errors import Cancelled
from core.evaluation import explanations, randomisation
from core.evaluation.model_card import render
from core.model.classifier import Classifier
from core.records.evaluation.explanations import ExplanationQuality
from tests.support.command_line import Run
from tests.support.images import blocks, saved
from tests.support.layouts import write_npz


@pytest.fixture
def four(tmp_path: Path, classifier: Classifier) -> Path:
    """Four images, classified correctly, each with a sign in its left half."""
    images = np.stack([blocks(seed) for seed in range(4)])
    labels = classifier.predict_logits(list(images)).argmax(axis=1)
    roi = np.array([[32, 32, 0, 0, 16, 32]] * 4, dtype=np.int16)
    return write_npz(tmp_path / "four" / "data.npz", images=images, labels=labels, roi=roi)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(randomisation, "DEPTH", 1)
    monkeypatch.setattr(explanations, "RANDOM_MAPS", 1)


def test_figures_and_card_are_written(
    run: Run, four: Path, tmp_path: Path, classifier: Classifier
) -> None:
    out = tmp_path / "out"
    done = run("explain", "--evaluate", "--data", four, "--count", 3, "--out", out, "--json")
    assert done.code == 0
    quality = ExplanationQuality.read(out)
    assert quality is not None
    assert (quality.data, quality.fold, quality.images) == ("four", "all", 3)
    assert quality.localisation is not None and quality.localisation.box_area == 0.5
    assert quality.measures(classifier.manifest.sha256)
    assert done.document() == json.loads((out / "explanations.json").read_text())
    assert (out / "README.md").read_text() == render(classifier.manifest, None, quality)


def test_the_figures_are_printed(run: Run, four: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    lines = run("explain", "--evaluate", "--data", four, "--out", out).out.splitlines()
    assert lines[0] == "data: four, all (4 images)"
    assert lines[1].startswith("completeness residual, worst, float32 ")
    assert lines[3].startswith("pointing game, in the sign's box ")
    assert lines[-1] == f"written: {out / 'explanations.json'}, {out / 'README.md'}"


def test_an_evaluation_that_breaks_off_leaves_nothing(
    run: Run, four: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(*_: object, **__: object) -> ExplanationQuality:
        raise Cancelled("stopped")

    monkeypatch.setattr(explanations, "measure", measure)
    done = run("explain", "--evaluate", "--data", four, "--out", tmp_path / "out")
    assert done.code == 2
    assert done.err.endswith("error: stopped\n")
    assert not (tmp_path / "out").exists()


EVALUATES = "--evaluate measures FullGrad on --data"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--evaluate"], "Missing option '--data'."),
        (["--evaluate", "--class", 3], f"{EVALUATES}; leave --class out, got 3"),
        (["--evaluate", "--method", "grad_cam"], f"{EVALUATES}; leave --method out, got grad_cam"),
        (["--data", "x"], "only --evaluate takes a data set; leave --data out, got x"),
        (["--count", 9], "only --evaluate takes a data set; leave --count out, got 9"),
        (["--out", "x"], "Missing option '--image'."),
        (
            ["--evaluate", "--data", "x", "--count", 1],
            "Invalid value for '--count': 1 is not in the range x>=2.",
        ),
        (
            ["--method", "magic"],
            "Invalid value for '--method': 'magic' is not one of 'fullgrad', 'simple_fullgrad', "
            "'smooth_fullgrad', 'input_x_gradient', 'grad_cam'.",
        ),
    ],
)
def test_bad_use_ends_with_2(run: Run, arguments: list[object], problem: str) -> None:
    done = run("explain", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == f"Error: {problem}"


def test_data_that_is_not_there_ends_with_2(run: Run, tmp_path: Path) -> None:
    done = run("explain", "--evaluate", "--data", tmp_path / "none")
    assert (done.code, done.out) == (2, "")
    assert f"error: {tmp_path / 'none'} does not exist; expected an .npz" in done.err


def test_another_method_draws_its_map(run: Run, tmp_path: Path) -> None:
    image = tmp_path / "one.png"
    image.write_bytes(saved(blocks(1), "PNG"))
    arguments = ("explain", "--image", image, "--method", "grad_cam", "--out", tmp_path / "maps")
    (entry,) = run(*arguments, "--json").document()["explanations"]
    assert entry["residual"] is None
    assert Path(entry["map"]).is_file()
    assert "residual" not in run(*arguments).out
