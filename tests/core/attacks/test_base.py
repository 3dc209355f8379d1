"""What holds for every attack: budget, seeds, batches, progress, the model left as found."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from core.attacks import (
    ATTACKS,
    PGD,
)
from core.attacks import base as attack_base
from core.attacks.base import IterativeAttack
from core.attacks.task import Point, Task
from core.errors import BadInput, Cancelled, SignwatchError
from core.model.classifier import to_images, to_tensor
from tests.support.attacked import (
    CLASSES,
    EPSILON,
    Breaking,
    InDouble,
    WithoutGradients,
    build,
    call,
    every_attack,
    linear,
    random_pixels,
    read,
    small_resnet,
    state,
    two_classes,
)

few = settings(max_examples=6)


@every_attack
@few
@given(seed=st.integers(0, 1000), epsilon=st.floats(1 / 255, 0.2), targeted=st.booleans())
def test_bounds_and_budget_hold(name: str, seed: int, epsilon: float, targeted: bool) -> None:
    classifier = small_resnet(seed)
    pixels = torch.rand((3, 3, 10, 10), generator=torch.Generator().manual_seed(seed))
    info = ATTACKS[name].info
    result = call(
        name,
        classifier,
        pixels,
        read(classifier, pixels),
        target=seed % CLASSES if targeted and info.targeted else None,
        **({"epsilon": epsilon} if info.takes_epsilon else {}),
    )
    assert result.pixels.min() >= 0 and result.pixels.max() <= 1
    levels = result.adversarial.astype(int) - to_images(pixels)
    assert np.array_equal(result.linf, np.abs(levels).reshape(3, -1).max(axis=1) / 255)
    if info.takes_epsilon and info.norm == "l2":
        assert (result.pixels - pixels).flatten(start_dim=1).norm(dim=1).max() <= epsilon + 1e-6
        assert result.l2.max() <= epsilon + 1e-9
    if info.takes_epsilon and info.norm == "linf":
        assert (result.pixels - pixels).abs().max() <= epsilon + 1e-6
        assert np.abs(levels).max() <= math.floor(255 * epsilon + 1e-6)


@every_attack
@settings(max_examples=3)
@given(seed=st.integers(0, 1000))
def test_the_same_call_gives_the_same_images(name: str, seed: int) -> None:
    classifier, pixels = small_resnet(seed), random_pixels(3, seed)
    labels = read(classifier, pixels)
    first, torch_state = call(name, classifier, pixels, labels), torch.get_rng_state()
    torch.rand(7)
    second = call(name, classifier, pixels, labels)
    torch.set_rng_state(torch_state)
    assert torch.equal(first.pixels, second.pixels)
    assert np.array_equal(first.adversarial, second.adversarial)


@every_attack
@settings(max_examples=4)
@given(seed=st.integers(0, 1000))
def test_a_batch_equals_its_images_one_by_one(name: str, seed: int) -> None:
    classifier, pixels = small_resnet(seed), random_pixels(3, seed)
    classifier.network = InDouble(classifier.network)
    labels = read(classifier, pixels)
    together = call(name, classifier, pixels, labels)
    for row in range(3):
        alone = call(name, classifier, pixels[row : row + 1], labels[row : row + 1])
        assert alone.steps[0] == together.steps[row]
        assert alone.success[0] == together.success[row]
        torch.testing.assert_close(alone.pixels[0], together.pixels[row], rtol=0, atol=1e-5)


@every_attack
def test_chunks_change_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier, pixels = small_resnet(), random_pixels(5, 3)
    labels = read(classifier, pixels)
    at_once = call(name, classifier, pixels, labels)
    monkeypatch.setattr(attack_base, "CHUNK", 2)
    in_chunks = call(name, classifier, pixels, labels)
    torch.testing.assert_close(in_chunks.pixels, at_once.pixels, rtol=0, atol=1e-5)
    assert np.array_equal(in_chunks.steps, at_once.steps)


@every_attack
@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_found(name: str, training: bool) -> None:
    classifier, pixels = small_resnet().train(training), random_pixels(3, 1)
    labels = read(classifier, pixels)
    parameters = list(classifier.parameters())
    parameters[0].requires_grad_(False)
    parameters[1].grad = torch.ones_like(parameters[1])
    found = state(classifier)
    call(name, classifier, pixels.requires_grad_(), labels)
    assert state(classifier) == found
    assert parameters[1].grad.unique().tolist() == [1.0]
    assert pixels.grad is None and pixels.requires_grad


@every_attack
def test_the_model_is_left_as_found_after_an_exception(name: str) -> None:
    classifier, pixels = small_resnet().train(), random_pixels(3, 1)
    labels = read(classifier, pixels)
    classifier.network = Breaking(classifier.network)
    found = state(classifier)
    with pytest.raises(RuntimeError, match=r"^out of order$"):
        call(name, classifier, pixels, labels)
    assert state(classifier) == found


@every_attack
def test_attacks_work_where_gradients_are_switched_off(name: str) -> None:
    classifier, pixels = small_resnet(), random_pixels(3, 1)
    labels = read(classifier, pixels)
    with torch.no_grad():
        assert call(name, classifier, pixels, labels).success.any()


@every_attack
def test_images_that_do_not_count_come_back_unchanged(name: str) -> None:
    classifier, pixels = small_resnet(), random_pixels(4, 4)
    labels = read(classifier, pixels)
    labels[1] = (labels[1] + 1) % CLASSES
    result = call(name, classifier, pixels, labels)
    assert result.eligible.tolist() == [True, False, True, True]
    assert torch.equal(result.pixels[1], pixels[1])
    assert np.array_equal(result.adversarial[1], to_images(pixels)[1])
    assert (result.success[1], result.steps[1], result.l2[1]) == (False, 0, 0.0)
    assert result.psnr[1] == math.inf


@every_attack
def test_images_of_the_target_class_do_not_count(name: str) -> None:
    if not ATTACKS[name].info.targeted:
        pytest.skip("no targeted form")
    classifier, pixels = small_resnet(), random_pixels(4, 4)
    labels = read(classifier, pixels)
    targets = (labels + torch.tensor([0, 1, 0, 1])) % CLASSES
    result = call(name, classifier, pixels, labels, target=targets)
    assert result.eligible.tolist() == [False, True, False, True]


@every_attack
def test_nothing_counts_nothing_runs(name: str) -> None:
    classifier, pixels = small_resnet(), random_pixels(2, 4)
    labels = (read(classifier, pixels) + 1) % CLASSES
    result = call(name, classifier, pixels, labels)
    assert result.summary() == {
        "attack": name,
        "epsilon": result.epsilon,
        "images": 2,
        "eligible": 0,
        "successes_before_rounding": 0,
        "successes": 0,
        "success_rate_before_rounding": None,
        "success_rate": None,
        "median_linf": None,
        "median_l2": None,
    }


@every_attack
def test_a_model_without_gradients_is_refused_or_not_needed(name: str) -> None:
    classifier, pixels = small_resnet(2), random_pixels(8, 2)
    labels = read(classifier, pixels)
    classifier.network = WithoutGradients(classifier.network)
    if not ATTACKS[name].info.needs_gradients:
        budget = {"epsilon": 0.2} if ATTACKS[name].info.takes_epsilon else {}
        assert call(name, classifier, pixels, labels, **budget).success.any()
        return
    reports: list[object] = []
    with pytest.raises(BadInput) as error:
        call(name, classifier, pixels, labels, progress=lambda *report: reports.append(report))
    assert str(error.value) == (
        f"{ATTACKS[name].info.title} needs a model with gradients, and the logits of toy have none "
        "for its pixels; attack it with square, which needs logits alone"
    )
    assert reports == []


@every_attack
def test_the_path_tells_both_confidences_by_step(name: str) -> None:
    classifier, pixels = small_resnet(2), random_pixels(3, 2)
    labels = read(classifier, pixels)
    labels[1] = (labels[1] + 1) % CLASSES
    result = call(name, classifier, pixels, labels, trace=True)
    plain = call(name, classifier, pixels, labels)
    assert plain.path is None and torch.equal(plain.pixels, result.pixels)
    assert result.path[1].shape == (0, 3)
    for row in (0, 2):
        path = result.path[row]
        assert path[:, 0].tolist() == list(range(len(path))) and len(path) >= 2
        assert (path[:, 1:] >= 0).all() and (path[:, 1] + path[:, 2] <= 1 + 1e-6).all()


@every_attack
def test_a_model_with_flat_logits_is_not_fooled(name: str) -> None:
    classifier = linear(torch.zeros(3, 12), torch.tensor([0.0, 2.0, 1.0]), side=2)
    pixels = random_pixels(2, 0, side=2)
    result = call(name, classifier, pixels, torch.tensor([1, 1]))
    assert result.eligible.all() and not result.success.any()
    assert torch.isfinite(result.pixels).all()


@every_attack
def test_progress_rises_to_its_total(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attack_base, "CHUNK", 2)
    classifier, pixels = small_resnet(), random_pixels(3, 1)
    calls: list[tuple[int, int, str]] = []
    call(
        name,
        classifier,
        pixels,
        read(classifier, pixels),
        progress=lambda *report: calls.append(report),
    )
    done = [report[0] for report in calls]
    total = 2 * build(name).rounds
    assert done == sorted(done) and done[0] == 0
    assert {report[1] for report in calls} == {total}
    assert calls[-1] == (total, total, "done")


def test_progress_says_how_many_images_are_left() -> None:
    classifier = linear(torch.zeros(3, 12), torch.tensor([0.0, 2.0, 1.0]), side=2)
    calls: list[tuple[int, int, str]] = []
    PGD(steps=2)(
        classifier,
        random_pixels(2, 0, side=2),
        torch.tensor([1, 1]),
        epsilon=EPSILON,
        progress=lambda *report: calls.append(report),
    )
    assert calls == [
        (0, 2, "step 1 of 2, 2 of 2 images left"),
        (1, 2, "step 2 of 2, 2 of 2 images left"),
        (2, 2, "done"),
    ]


@every_attack
def test_cancelled_before_the_first_step(name: str) -> None:
    classifier, pixels = small_resnet(), random_pixels(3, 1)
    labels = read(classifier, pixels)
    found = state(classifier)
    with pytest.raises(Cancelled) as error:
        call(name, classifier, pixels, labels, cancelled=lambda: True)
    attack = build(name)
    assert str(error.value) == (
        f"{attack.info.title} was cancelled after 0 of {attack.rounds} steps; no image was kept"
    )
    assert state(classifier) == found


def test_cancelled_between_steps() -> None:
    classifier, pixels = small_resnet(), random_pixels(3, 1)
    answers = iter([False, False, True])
    with pytest.raises(Cancelled) as error:
        PGD(steps=7, stop_when_solved=False)(
            classifier,
            pixels,
            read(classifier, pixels),
            epsilon=EPSILON,
            cancelled=lambda: next(answers),
        )
    assert str(error.value) == "PGD was cancelled after 2 of 7 steps; no image was kept"
    assert error.value.status == 499 and isinstance(error.value, SignwatchError)


@pytest.mark.parametrize("name", ["sticker", "shadow", "spatial"])
def test_targeted_images_are_predicted_as_the_target(name: str) -> None:
    classifier, pixels = small_resnet(2), random_pixels(8, 2, side=16)
    attack = ATTACKS[name](**({"area": 0.25} if name == "sticker" else {}))
    labels, hits = read(classifier, pixels), 0
    for target in range(0, CLASSES, 2):
        result = attack(classifier, pixels, labels, target=target)
        assert (read(classifier, to_tensor(result.adversarial))[result.success] == target).all()
        hits += result.success.sum()
    assert hits


class EverFaster(IterativeAttack):
    """Red rises by one level, by two, by three: counted in the memory."""

    info = PGD.info

    def __init__(self, steps: int, *, stop_when_solved: bool) -> None:
        self.steps, self.stop_when_solved = steps, stop_when_solved

    def step(self, task: Task, point: Point) -> Tensor:
        point.memory.add_(1)
        red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
        return point.pixels + point.memory / 255 * red


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_each_image_keeps_its_memory_and_leaves_when_it_is_solved(order: list[int]) -> None:
    # Class 1 above 104.4 levels of red. 100: 101, 103, 106. 90: 105 after five steps. 60: never.
    classifier = two_classes([255.0, 0.0, 0.0], -104.4)
    pixels = torch.full((3, 3, 1, 1), 60 / 255)
    pixels[0, 0], pixels[1, 0] = 100 / 255, 90 / 255
    labels = torch.zeros(3).long()
    result = EverFaster(7, stop_when_solved=True)(classifier, pixels[order], labels, epsilon=0.5)
    assert result.steps.tolist() == [[3, 5, 7][row] for row in order]
    assert result.adversarial[:, 0, 0, 0].tolist() == [[106, 105, 88][row] for row in order]
    assert result.success.tolist() == [row != 2 for row in order]
    every = EverFaster(7, stop_when_solved=False)(classifier, pixels[order], labels, epsilon=0.5)
    assert every.steps.tolist() == [7, 7, 7]
    assert every.adversarial[:, 0, 0, 0].tolist() == [[128, 118, 88][row] for row in order]


def test_a_traced_attack_looks_at_its_last_step_too() -> None:
    classifier, pixels = two_classes([25.5, 0.0, 0.0], -20.0), torch.full((1, 3, 1, 1), 60 / 255)
    attack = EverFaster(2, stop_when_solved=False)
    result = attack(classifier, pixels, torch.tensor([0]), epsilon=0.5, trace=True)
    shares = [1 / (1 + math.exp(red / 10 - 20)) for red in (60, 61, 63)]
    assert result.path[0][:, 1].tolist() == pytest.approx(shares, abs=1e-6)
