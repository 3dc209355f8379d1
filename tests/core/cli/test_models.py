"""train, evaluate, model import."""

import functools
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from core import datasets
from core.datasets import Dataset
from core.errors import BadInput
from core.labels import class_name
from core.model import classifier as classifiers
from core.model import training
from core.model.accuracy import evaluate
from core.model.classifier import Classifier
from core.model.suspicion.calibration import Calibration
from core.records.analysts import LOCAL
from core.records.captures import Provenance
from core.records.verdicts import GivenVerdict, Verdict
from core.services import Services
from tests.support.command_line import Run
from tests.support.images import blocks
from tests.support.layouts import lay_out_gtsrb, write_npz
from tests.support.records import make_capture, make_image, make_prediction


def test_a_weight_file_of_another_network_is_refused_in_one_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save({"fc.weight": torch.zeros(2, 2)}, path)
    done = run("model", "import", path, "--out", tmp_path / "out")
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert done.err.startswith(
        f"error: {path} is not a state dict of resnet18 with 43 classes: Error(s) in loading "
        'state_dict for ResNet: Missing key(s) in state_dict: "conv1.weight", "bn1.weight", '
    )
    assert not (tmp_path / "out").exists()


def test_evaluate_prints_what_was_measured(run: Run, dataset: Path, classifier: Classifier) -> None:
    expected = evaluate(classifier, datasets.load(dataset), fold="all")
    assert expected.accuracy == 10 / 12
    done = run("evaluate", "--data", dataset)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:4] == [
        f"data      {dataset.parent.name}, all 12 images",
        "accuracy  0.8333",
        f"macro_f1  {expected.macro_f1:.4f}",
        f"ece       {expected.ece:.4f}",
    ]
    assert len(lines) == 4 + 43
    figures = next(each for each in expected.per_class if each.images)
    assert lines[4 + figures.class_id] == (
        f"  {figures.name:40s} {figures.images:6d} images  recall {figures.recall:.4f}"
    )
    absent = next(each for each in expected.per_class if not each.images)
    assert lines[4 + absent.class_id] == f"  {absent.name:40s} {0:6d} images  no image"


def test_evaluate_for_programs(run: Run, dataset: Path, model_dir: Path) -> None:
    document = run("evaluate", "--data", dataset, "--model", model_dir, "--json").document()
    assert document["accuracy"] == 10 / 12
    assert (document["images"], document["fold"]) == (12, "all")
    assert document["data"] == dataset.parent.name
    assert document.keys() >= {"macro_f1", "ece"}
    assert len(document["per_class"]) == 43
    assert sum(each["images"] for each in document["per_class"]) == 12


def test_evaluate_takes_held_out_tracks_where_tracks_are_known(run: Run, tmp_path: Path) -> None:
    path = write_npz(
        tmp_path / "x" / "data.npz",
        images=np.stack([blocks(n) for n in range(12)]),
        labels=np.zeros(12, np.int64),
        tracks=np.arange(12) // 2,
    )
    done = run("evaluate", "--data", path)
    assert done.out.splitlines()[0] == (
        "data      x, held-out (2 images; whole tracks, split class by class)"
    )
    assert run("evaluate", "--data", path, "--fold", "all", "--json").document()["images"] == 12


def test_evaluate_reads_the_official_layout(run: Run, tmp_path: Path) -> None:
    lay_out_gtsrb(tmp_path)
    document = run("evaluate", "--data", f"gtsrb:{tmp_path}", "--json").document()
    assert (document["data"], document["images"]) == ("GTSRB test", 3)


def test_training_and_calibrating_take_the_official_training_set(
    run: Run, tmp_path: Path, model_dir: Path
) -> None:
    """Too small a one, but with the tracks that the test set lacks."""
    lay_out_gtsrb(tmp_path)
    data = f"gtsrb:{tmp_path}"
    too_small = "error: Training: expected at least one image, found none"
    trained = run("train", "--data", data, "--out", tmp_path / "out")
    assert trained.code == 2 and too_small in trained.err
    model = Path(shutil.copytree(model_dir, tmp_path / "model"))
    calibrated = run("model", "calibrate", "--data", data, "--model", model)
    assert calibrated.code == 2 and too_small in calibrated.err


def train_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `train` take few steps on small images."""
    small = functools.partial(
        training.Recipe, batch_size=4, input_size=32, early_size=32, closing_steps=3
    )
    monkeypatch.setattr(training, "Recipe", small)


def test_train_leaves_a_model_that_evaluate_takes(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_small(monkeypatch)
    data = write_npz(
        tmp_path / "x" / "data.npz",
        images=np.stack([blocks(n) for n in range(12)]),
        labels=np.repeat([1, 14], 6),
        tracks=np.tile(np.arange(6), 2),
    )
    out = tmp_path / "model"
    done = run("train", "--data", data, "--out", out, "--epochs", 1, "--seed", 5)
    assert done.code == 0
    trained = classifiers.load(out)
    assert (trained.manifest.recipe["seed"], trained.manifest.recipe["epochs"]) == (5, 1)
    summary = trained.manifest.figures["held_out"]
    assert done.out.splitlines() == [
        "data      x, held-out (2 images; whole tracks, split class by class)",
        f"accuracy  {summary['accuracy']:.4f}",
        f"macro_f1  {summary['macro_f1']:.4f}",
        f"ece       {summary['ece']:.4f}",
    ]
    again = run("evaluate", "--data", data, "--model", out, "--json").document()
    assert again["accuracy"] == summary["accuracy"]


def test_weights_that_cannot_be_calibrated_are_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise BadInput("nothing is classified correctly")

    train_small(monkeypatch)
    monkeypatch.setattr(training, "calibrate", refuse)
    data = write_npz(
        tmp_path / "data.npz",
        images=np.stack([blocks(n) for n in range(12)]),
        labels=np.repeat([1, 14], 6),
        tracks=np.tile(np.arange(6), 2),
    )
    out = tmp_path / "model"
    assert run("train", "--data", data, "--out", out, "--epochs", 1).code == 0
    assert "The model has no p-values of suspicion: nothing is classified correctly" in caplog.text
    assert sorted(path.name for path in out.iterdir()) == ["model.json", "model.safetensors"]


def test_calibrate_fits_features_to_the_train_fold_and_ranks_the_calibration_fold(
    run: Run, tmp_path: Path, model_dir: Path, classifier: Classifier
) -> None:
    model = Path(shutil.copytree(model_dir, tmp_path / "model"))
    images = [blocks(seed) for seed in range(120)]
    read = classifier.predict_logits(images).argmax(axis=1)
    common = np.flatnonzero(np.bincount(read) >= 4)
    rows = np.flatnonzero(np.isin(read, common))
    dataset = Dataset([images[row] for row in rows], read[rows], np.arange(len(rows)), "data")
    data = write_npz(
        tmp_path / "data.npz",
        images=np.stack(dataset.images),
        labels=dataset.labels,
        tracks=dataset.tracks,
    )
    done = run("model", "calibrate", "--data", data, "--model", model)
    trained, clean = dataset.fold("train"), dataset.fold("calibration")
    assert done.code == 0
    assert done.out == (
        f"written: {model / 'suspicion.safetensors'}; {len(clean)} clean images of {len(clean)} "
        "signs ranked\n"
    )
    made = Calibration.read(model, classifier.manifest.sha256)
    assert made is not None
    assert len(made.combined) == made.signs == len(made.references["margin"]) == len(clean)
    network = classifier.network
    for class_id in common:
        own = [trained.images[row] for row in np.flatnonzero(trained.labels == class_id)]
        with torch.no_grad():
            logits = classifier(torch.cat([classifier.prepare(image) for image in own]))
            # The last layer is linear: the logits of mean features are the mean logits.
            middle = network.fc(torch.from_numpy(made.scorer.clouds["penultimate"].means[class_id]))
        assert middle.numpy() == pytest.approx(logits.mean(dim=0).numpy(), abs=1e-3)
    margins = np.diff(np.sort(classifier.predict_logits(clean.images))[:, -2:])[:, 0]
    assert np.abs(margins[:, None] - made.references["margin"]).min(axis=0).max() < 1e-3


def test_a_checkpoint_of_the_blog_is_imported(
    run: Run, tmp_path: Path, classifier: Classifier
) -> None:
    weights, out = tmp_path / "blog.pt", tmp_path / "model"
    torch.save(classifier.network.state_dict(), weights)
    other = tmp_path / "other"
    assert run("model", "import", weights, "--input-size", 48, "--out", other).code == 0
    assert classifiers.load(other).manifest.input_size == 48
    done = run("model", "import", weights, "--out", out)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{weights} -> {out}: resnet18, 43 classes; set SIGNWATCH_MODEL={out}\n"
    imported = classifiers.load(out)
    assert imported.manifest.input_size == 128
    assert imported.manifest.mean == (0.485, 0.456, 0.406)
    smaller = tmp_path / "smaller"
    assert run("model", "import", weights, "--input-size", 48, "--out", smaller).code == 0
    assert classifiers.load(smaller).manifest.input_size == 48


def test_what_was_decided_trains_and_measures_a_model(
    run: Run, signwatch: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_small(monkeypatch)
    for sign in range(12):  # six of each of two classes, two frames of each
        images = [make_image(2 * sign + frame) for frame in range(2)]
        captures = [
            make_capture(image, provenance=Provenance(f"cam {sign}"), prediction=make_prediction())
            for image in images
        ]
        signwatch.log.append(captures, images)
        signwatch.triage.decide(captures, GivenVerdict(Verdict.ADVERSARIAL, 1 + sign % 2), by=LOCAL)
    exported, model = tmp_path / "exported", tmp_path / "model"
    assert run("triage", "export", "--out", exported).code == 0
    trained = run("train", "--data", exported, "--out", model, "--epochs", 1)
    assert trained.code == 0
    assert trained.out.splitlines()[0] == (
        "data      exported, held-out (4 images; whole tracks, split class by class)"
    )
    measured = run("evaluate", "--data", exported, "--model", model, "--json").document()
    assert (measured["images"], measured["fold"]) == (4, "held-out")
    figures = classifiers.load(model).manifest.figures["held_out"]
    assert measured["accuracy"] == figures["accuracy"]
    everything = run("evaluate", "--data", exported, "--fold", "all", "--json").document()
    assert everything["images"] == 24
    assert {each["name"] for each in everything["per_class"] if each["images"] == 12} == {
        class_name(1),
        class_name(2),
    }
