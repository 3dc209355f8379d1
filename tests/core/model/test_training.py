"""Training: what it leaves, what it refuses, and that it learns."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from torch import nn

from core.datasets import Dataset
from core.errors import BadInput
from core.labels import all_labels
from core.model import training
from core.model.accuracy import evaluate
from core.model.augmentation import augment, augment_in_focus
from core.model.classifier import Classifier, load
from core.model.manifest import Manifest, file_sha256
from core.model.suspicion.calibration import CALIBRATION_FILE, Calibration, margin
from core.model.training import Recipe, cycles, finish, fit_temperature, run_cycle, train
from tests.support.expect import raises

TINY = Recipe(
    input_size=32,
    early_size=24,
    epochs=2,
    batch_size=8,
    learning_rate=0.05,
    averaging=0.6,
    closing_steps=3,
    closing_batch=4,
    seed=3,
)
COLOURS = {1: (230, 40, 40), 14: (40, 200, 40), 38: (40, 40, 230)}


def no_progress(done: int, total: int, text: str) -> None:
    """Nobody looks."""


def coloured(per_class: int = 40, frames: int = 4) -> Dataset:
    """Three classes that differ in colour, `frames` images a track."""
    draw, images, labels, tracks = np.random.default_rng(0), [], [], []
    for class_id, colour in COLOURS.items():
        for number in range(per_class):
            noise = draw.integers(-30, 31, (32, 32, 3))
            images.append(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8))
            labels.append(class_id)
            tracks.append(number // frames)
    return Dataset(images, np.array(labels), np.array(tracks), "colours")


# A whole training


def test_a_training_learns_and_leaves_a_measured_model(tmp_path: Path) -> None:
    dataset = coloured()
    reported: list[tuple[int, int, str]] = []
    recipe = replace(TINY, epochs=4)
    evaluation = train(dataset, tmp_path, recipe, lambda *report: reported.append(report))
    assert evaluation.accuracy >= 0.9
    assert (evaluation.data, evaluation.fold) == ("colours", "held-out")
    assert evaluation.images == len(dataset.fold("held-out"))

    trained = load(tmp_path)
    manifest = trained.manifest
    again = evaluate(trained, dataset.fold("held-out"), fold="held-out")
    assert replace(again, ece=evaluation.ece) == evaluation
    assert again.ece == pytest.approx(evaluation.ece, abs=1e-3)
    assert manifest.figures == {"held_out": evaluation.summary()}
    assert (manifest.architecture, manifest.input_size) == ("resnet18", 32)
    assert (manifest.mean, manifest.std) == (recipe.mean, recipe.std)
    assert len(manifest.labels) == 43
    assert manifest.recipe["data"] == "colours"
    assert manifest.recipe["images"] == len(dataset.fold("train")) == 84
    assert manifest.recipe["split"] == "whole tracks, 75/10/15 %"
    assert (manifest.recipe["epochs"], manifest.recipe["seed"]) == (4, 3)

    calibration = dataset.fold("calibration")
    logits = trained.predict_logits(calibration.images)
    assert manifest.temperature == pytest.approx(
        fit_temperature(logits, calibration.labels), rel=1e-3
    )
    known = Calibration.read(tmp_path, trained.manifest.sha256)
    assert known is not None
    margins = np.sort(margin(trained.predict_logits(calibration.images)))
    assert known.references["margin"] == pytest.approx(margins, abs=1e-3)

    steps = 84 // 8
    main = [(n, 4 * steps) for n in range(1, 4 * steps + 1)]
    closing = [(1, 3), (2, 3), (3, 3)]
    scored = 84 + len(calibration)
    steps_of_looks = (64, 84, scored, scored + 64, scored + 84)
    looked = [(done, scored + 84) for done in steps_of_looks]
    assert [each[:2] for each in reported] == main + closing + looked
    assert reported[0][2].startswith("epoch 1/4, loss ")
    assert reported[4 * steps - 1][2].startswith("epoch 4/4, loss ")
    assert reported[4 * steps + 2][2].startswith("closing 1/1, loss ")


def test_the_same_seed_gives_the_same_model(tmp_path: Path) -> None:
    dataset, recipe = coloured(per_class=16), replace(TINY, epochs=1)
    sums = []
    for number, seed in enumerate((0, 0, 1)):
        torch.manual_seed(number)  # what happened before must not matter
        train(dataset, tmp_path / str(number), replace(recipe, seed=seed), no_progress)
        sums.append(load(tmp_path / str(number)).manifest.sha256)
    assert sums[0] == sums[1]
    assert sums[0] != sums[2]


class Interrupted(Exception):
    """Somebody pulled the plug."""


def pull_the_plug_in(epoch: int) -> Callable[[int, int, str], None]:
    def report(done: int, total: int, text: str) -> None:
        if text.startswith(f"epoch {epoch}/"):
            raise Interrupted

    return report


def test_an_interrupted_training_leaves_the_last_epoch(tmp_path: Path) -> None:
    dataset = coloured(per_class=16)
    with pytest.raises(Interrupted):
        train(dataset, tmp_path, TINY, pull_the_plug_in(2))
    kept = load(tmp_path)
    assert kept.predict_logits(dataset.images[:2]).shape == (2, 43)
    assert (kept.manifest.temperature, kept.manifest.figures) == (1.0, {})
    assert Calibration.read(tmp_path, kept.manifest.sha256) is None


def test_an_interruption_before_that_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        train(coloured(per_class=16), tmp_path / "out", TINY, pull_the_plug_in(1))
    assert not (tmp_path / "out").exists()


def test_training_needs_tracks(tmp_path: Path) -> None:
    dataset = replace(coloured(per_class=16), tracks=None)
    with raises(
        BadInput,
        "colours has no tracks; training needs them to keep frames of one sign on one side of the "
        "split (GTSRB's file names, or an array `tracks`, carry them)",
    ):
        train(dataset, tmp_path, TINY, no_progress)


def test_training_needs_a_batch(tmp_path: Path) -> None:
    dataset = coloured(per_class=16)
    assert len(dataset.fold("train")) == 24
    with raises(
        BadInput,
        "colours: the part to train on has 24 images, fewer than one batch of 25; give it more",
    ):
        train(dataset, tmp_path / "out", replace(TINY, batch_size=25), no_progress)
    assert not (tmp_path / "out").exists()


def test_the_shipped_recipe_is_the_documented_one() -> None:
    recipe = Recipe()
    assert (recipe.architecture, recipe.input_size, recipe.epochs) == ("resnet18", 96, 10)
    assert (recipe.batch_size, recipe.seed) == (128, 0)


# Its parts


def test_the_cycles_of_a_recipe() -> None:
    recipe = replace(TINY, epochs=5, early_share=0.4, closing_rate=0.01)
    first, closing = cycles(recipe)
    assert first.sizes == (24, 24, 32, 32, 32)
    assert (first.steps, first.batch_size, first.learning_rate) == (None, 8, 0.05)
    assert (first.augment, closing.augment) == (augment, augment_in_focus)
    assert closing.sizes == (32,)
    assert (closing.steps, closing.batch_size, closing.learning_rate) == (3, 4, 0.01)
    assert (first.averaging, closing.averaging) == (0.6, 0.97)
    assert (first.warm_up, closing.warm_up) == (0.2, 0.15)
    assert first.seed != closing.seed


def test_a_cycle_keeps_the_running_mean_of_the_weights_and_ends_slowly(tmp_path: Path) -> None:
    labels = tuple(label.name for label in all_labels())
    manifest = Manifest("resnet18", 8, (0.5,) * 3, (0.5,) * 3, labels)
    torch.manual_seed(0)
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 43))
    cycle = replace(cycles(TINY)[1], sizes=(8, 8), steps=10, averaging=0.75)
    weights = [network[2].weight.detach().clone()]

    def look(*_: object) -> None:
        weights.append(network[2].weight.detach().clone())

    kept = run_cycle(Classifier(manifest, network), coloured(8), TINY, cycle, tmp_path, look)
    assert len(weights) == 1 + 20 and not kept.training
    mean = weights[1]
    for each in weights[2:]:
        mean = 0.75 * mean + 0.25 * each
    torch.testing.assert_close(kept.network[2].weight.detach(), mean)
    moved = [float((new - old).norm()) for old, new in pairwise(weights)]
    assert moved[-1] < 0.01 * max(moved)
    assert moved[0] < 0.2 * max(moved)  # the rate rises first


def test_a_step_lowers_the_loss_of_normalised_pixels() -> None:
    labels = tuple(label.name for label in all_labels())
    manifest = Manifest("resnet18", 8, (0.8, 0.1, 0.3), (0.1, 0.5, 0.2), labels)
    torch.manual_seed(0)
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 43))
    batch, targets = torch.rand(6, 3, 8, 8), torch.tensor([1, 14, 38, 1, 2, 3])
    with torch.no_grad():
        means = batch.mean(dim=(2, 3))
        scores = network[2]((means - torch.tensor(manifest.mean)) / torch.tensor(manifest.std))
        expected = -log_softmax(scores.numpy(), axis=1)[np.arange(6), targets].mean()
    learner, optimizer = Classifier(manifest, network), torch.optim.SGD(network.parameters(), 0.1)
    losses = [training._step(learner, batch, targets, optimizer) for _ in range(3)]
    assert losses[0] == pytest.approx(expected, rel=0.02)  # computed in bfloat16
    assert losses == sorted(losses, reverse=True)


def test_classes_are_drawn_by_a_power_of_their_count() -> None:
    targets = torch.tensor([5, 5, 5, 5, 7])
    weights = training._sampling_weights(targets, 0.5)
    # As often as sqrt(4) to sqrt(1): each of the four half as often as the one.
    assert (weights / weights[-1]).tolist() == [0.5, 0.5, 0.5, 0.5, 1.0]
    assert training._sampling_weights(targets, 0.0).unique().tolist() == [1.0]


def test_kernels_decay_and_neither_biases_nor_batch_norm() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))
    decays = {
        id(parameter): group["weight_decay"]
        for group in training._decay_groups(network, 0.1)
        for parameter in group["params"]  # type: ignore[attr-defined]
    }
    assert {name: decays[id(parameter)] for name, parameter in network.named_parameters()} == {
        "0.weight": 0.1,
        "0.bias": 0.0,
        "1.weight": 0.0,
        "1.bias": 0.0,
        "3.weight": 0.1,
        "3.bias": 0.0,
    }


# The end of a training


def test_finishing_calibrates_measures_and_saves(classifier: Classifier, tmp_path: Path) -> None:
    dataset = coloured(per_class=16)
    read = classifier.predict_logits(list(dataset.images)).argmax(axis=1)
    dataset = replace(dataset, labels=read)  # misclassified images calibrate nothing
    own = Classifier(replace(classifier.manifest, temperature=99.0), classifier.network)
    calibration, held_out = dataset.fold("calibration"), dataset.fold("held-out")
    evaluation = finish(own, dataset, tmp_path, no_progress)
    logits = own.predict_logits(calibration.images)
    assert own.manifest.temperature == fit_temperature(logits, calibration.labels)
    assert evaluation == evaluate(own, held_out, fold="held-out")
    calibration_sha256 = file_sha256(tmp_path / CALIBRATION_FILE)
    assert load(tmp_path).manifest == replace(own.manifest, calibration_sha256=calibration_sha256)
    known = Calibration.read(tmp_path, own.manifest.sha256)
    assert known is not None
    assert known.scorer.temperature == own.manifest.temperature
    assert len(known.combined) == len(known.references["margin"]) == len(calibration)


# Temperature


def likelihood(logits: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    """Mean negative log likelihood."""
    scores = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return float(-scores[np.arange(len(labels)), labels].mean())


@pytest.mark.parametrize("seed", range(3))
def test_the_temperature_is_the_best_one(seed: int) -> None:
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, 4, (300, 10)).astype(np.float32)
    labels = np.where(draw.random(300) < 0.7, logits.argmax(axis=1), draw.integers(0, 10, 300))
    best = minimize_scalar(
        lambda log: likelihood(logits, labels, float(np.exp(log))), bounds=(-4, 4), method="bounded"
    )
    assert fit_temperature(logits, labels) == pytest.approx(float(np.exp(best.x)), rel=1e-3)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_of_drawn_labels_is_found_again(temperature: float) -> None:
    draw = np.random.default_rng(0)
    logits = draw.normal(0, 3, (20_000, 8)).astype(np.float32)
    chances = np.exp(log_softmax(logits / temperature, axis=1))
    labels = (draw.random((20_000, 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(0, 7)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.05)
