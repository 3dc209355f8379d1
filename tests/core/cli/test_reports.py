"""attack --report: what it writes, where, and what it refuses."""

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from core.datasets import Dataset
from core.errors import Cancelled
from core.evaluation import explanations
from core.evaluation import robustness as measuring
from core.evaluation.model_card import render
from core.model.classifier import Classifier
from core.records.evaluation.robustness import BUDGETS, Robustness
from tests.support.command_line import Run
from tests.support.images import blocks
from tests.support.layouts import write_npz


@pytest.fixture
def four(tmp_path: Path, classifier: Classifier) -> Path:
    """Four images, classified correctly."""
    images = np.stack([blocks(seed) for seed in range(4)])
    labels = classifier.predict_logits(list(images)).argmax(axis=1)
    return write_npz(tmp_path / "four" / "data.npz", images=images, labels=labels)


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "CURVES", {"pgd": {"steps": 1}})
    monkeypatch.setattr(measuring, "TARGETED", {"steps": 1})


def test_report_and_card_are_written(
    run: Run,
    four: Path,
    tmp_path: Path,
    classifier: Classifier,
) -> None:
    out = tmp_path / "out"
    done = run("attack", "--report", "--data", four, "--count", 3, "--out", out, "--json")
    report = Robustness.read(out)
    assert report is not None
    assert (report.data, report.fold, report.images) == ("four", "all", 3)
    assert report.measures(classifier.manifest.sha256)
    assert report.curves[0].accuracy[0] == 1.0
    assert (out / "README.md").read_text() == render(classifier.manifest, report, None)
    assert done.code == 0
    assert done.document() | {"budgets": list(BUDGETS)} == json.loads(
        (out / "robustness.json").read_text()
    )


def test_the_figures_are_printed(run: Run, four: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    lines = run("attack", "--report", "--data", four, "--out", out).out.splitlines()
    assert lines[0] == "data      four, all (4 images)"
    assert lines[1].split() == ["budget", *(f"{levels}/255" for levels in BUDGETS)]
    assert lines[2].startswith("PGD ") and lines[2].split()[1] == "100.0%"
    assert lines[3].startswith("PGD to class 14 at 8/255: ")
    assert [line.split()[0] for line in lines[4:-1]] == [
        "severity",
        "Noise",
        "Blur",
        "Brightness",
        "Contrast",
        "Fog",
        "JPEG",
    ]
    assert lines[-1] == f"written: {out / 'robustness.json'}, {out / 'README.md'}"


@pytest.mark.parametrize(
    ("command", "module"),
    [(("attack", "--report"), measuring), (("explain", "--evaluate"), explanations)],
)
def test_images_are_drawn_evenly_by_the_seed(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    module: ModuleType,
) -> None:
    """Twelve classes, one image each: in the order that NumPy deals."""
    asked: list[tuple[Dataset, dict[str, object]]] = []

    def measure(_: Classifier, drawn: Dataset, **options: object) -> None:
        asked.append((drawn, options))
        raise Cancelled("enough")

    monkeypatch.setattr(module, "measure", measure)
    images = np.stack([blocks(seed) for seed in range(12)])
    data = write_npz(tmp_path / "data.npz", images=images, labels=np.arange(12))
    run(*command, "--data", data, "--count", 3, "--seed", 5)
    ((drawn, options),) = asked
    assert drawn.labels.tolist() == np.random.default_rng(5).permutation(12)[:3].tolist()
    assert (options["fold"], options["seed"]) == ("all", 5)


def test_without_a_folder_it_lies_beside_the_model(
    run: Run,
    four: Path,
    tmp_path: Path,
    classifier: Classifier,
) -> None:
    folder = tmp_path / "model"
    # A copy, so that saving does not touch the manifest that all tests share.
    Classifier(classifier.manifest, classifier.network).save(folder)
    assert run("attack", "--report", "--data", four, "--model", folder).code == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "model.json",
        "model.safetensors",
        "robustness.json",
    ]


def test_a_report_that_breaks_off_leaves_nothing(
    run: Run,
    four: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def measure(*_: object, **__: object) -> Robustness:
        raise Cancelled("the robustness report was cancelled; nothing of it was kept")

    monkeypatch.setattr(measuring, "measure", measure)
    done = run("attack", "--report", "--data", four, "--out", tmp_path / "out")
    assert done.code == 2
    assert done.err.endswith("error: the robustness report was cancelled; nothing of it was kept\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ["--report", "--attack", "pgd"],
            "--report runs attacks and budgets of its own; leave --attack out, got pgd",
        ),
        (
            ["--report", "--target", 0],
            "--report runs attacks and budgets of its own; leave --target out, got 0",
        ),
        ([], "Missing option '--data'."),
        (["--data", "x"], "Missing option '--attack'."),
        (["--data", "x", "--attack", "pgd"], "Missing option '--out'."),
    ],
)
def test_bad_use_ends_with_2(run: Run, arguments: list[object], problem: str) -> None:
    done = run("attack", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == f"Error: {problem}"
