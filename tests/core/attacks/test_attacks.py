"""Attacks: known answers on linear networks, laws that hold for every entry of ATTACKS."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from inspect import signature
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from core.attacks import ATTACKS, FGSM, PGD, Attack, AttackResult, DeepFool, get_attack
from core.attacks import base as attack_base
from core.attacks.budget import Norm
from core.attacks.task import Task, digests
from core.errors import BadInput, Cancelled, SignwatchError
from core.model.classifier import Classifier, to_images, to_tensor
from core.model.fast import detached, fast_network
from core.model.manifest import Manifest

CLASSES = 6
SIDE = 12
EPSILON = 8 / 255

every_attack = pytest.mark.parametrize("name", ATTACKS)
few = settings(max_examples=8, deadline=None, derandomize=True)

# Short enough for tests, strong enough to fool the networks here.
SETTINGS: dict[str, dict[str, Any]] = {
    "cw": {"steps": 10, "searches": 2, "step_size": 0.1, "constant": 10.0},
    "square": {"steps": 60},
    "autoattack": {"steps": 5, "candidates": 1, "queries": 20},
}


class Residual(nn.Module):
    """conv, batch norm, ReLU and an identity around them, as in a ResNet."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        return self.relu(self.norm(self.conv(features)) + features)


class InDouble(nn.Module):
    """Computes in double precision: in single, the last bit depends on the batch's size, and the
    sign of a gradient next to zero with it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.double()

    def forward(self, pixels: Tensor) -> Tensor:
        return self.network(pixels.double()).float()


class Breaking(nn.Module):
    """Answers twice and then breaks."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.answers = network, 0

    def forward(self, pixels: Tensor) -> Tensor:
        self.answers += 1
        if self.answers > 2:
            raise RuntimeError("out of order")
        return self.network(pixels)


class WithoutGradients(nn.Module):
    """Answers, but as from behind a wall."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        with torch.no_grad():
            return self.network(pixels)


def make_manifest(side: int, classes: int) -> Manifest:
    return Manifest(
        architecture="toy",
        input_size=side,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        labels=tuple(str(number) for number in range(classes)),
    )


def linear(weights: Tensor, bias: Tensor, side: int) -> Classifier:
    """logits = weights @ flatten(pixels) + bias; weights (classes, 3 * side * side)."""
    layer = nn.Linear(weights.shape[1], weights.shape[0])
    layer.weight.data, layer.bias.data = weights.clone(), bias.clone()
    return Classifier(make_manifest(side, len(weights)), nn.Sequential(nn.Flatten(), layer))


def small_resnet(seed: int = 0, side: int = SIDE) -> Classifier:
    """Random weights and running statistics; sees images of another size than it is fed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1),
            Residual(8),
            Residual(8),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(32, CLASSES),
        )
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
        network[-1].weight.data *= 6
        network[-1].bias.data.zero_()
    mean, std = (0.4, 0.45, 0.5), (0.25, 0.25, 0.25)
    return Classifier(replace(make_manifest(side, CLASSES), mean=mean, std=std), network)


def random_pixels(batch: int, seed: int, side: int = 10) -> Tensor:
    """8-bit noise, (batch, 3, side, side)."""
    images = np.random.default_rng(seed).integers(0, 256, (batch, side, side, 3), dtype=np.uint8)
    return to_tensor(images)


def read(classifier: Classifier, pixels: Tensor) -> Tensor:
    """The classes that the public predict path gives to the 8-bit images."""
    was_training = classifier.training
    classes = classifier.eval().predict_logits(list(to_images(pixels))).argmax(axis=1)
    classifier.train(was_training)
    return torch.from_numpy(classes)


def build(name: str) -> Attack:
    """An attack by name, with few steps where their number is a setting."""
    attack = ATTACKS[name]
    few_steps = {"steps": 10} if "steps" in signature(attack).parameters else {}
    return attack(**SETTINGS.get(name, few_steps))


def call(
    name: str, classifier: Classifier, pixels: Tensor, labels: Tensor, **options: Any
) -> AttackResult:
    """`build` and run, with a budget if it takes one."""
    if ATTACKS[name].info.takes_epsilon:
        options.setdefault("epsilon", EPSILON if ATTACKS[name].info.norm == "linf" else 0.5)
    return build(name)(classifier, pixels, labels, **options)


def state(classifier: Classifier) -> list[object]:
    """Everything about a model that an attack might leave behind."""
    return [
        [(name, module.training) for name, module in classifier.named_modules()],
        [(name, p.requires_grad, p.grad is None) for name, p in classifier.named_parameters()],
        [(name, tensor.sum().item()) for name, tensor in classifier.state_dict().items()],
        [
            len(hooks)
            for module in classifier.modules()
            for hooks in (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)
        ],
    ]


# --- known answers -----------------------------------------------------------------------------


def test_fgsm_moves_each_pixel_by_epsilon_against_its_weight() -> None:
    # Logits 0 and w.x: the loss of class 1 rises where w falls, so x' = x - epsilon sign(w).
    weights = torch.tensor([[0.0, 0.0, 0.0], [2.0, -1.0, 0.0]])
    classifier = linear(weights, torch.tensor([0.0, 0.0]), side=1)
    pixels = torch.tensor([100, 60, 200]).view(1, 3, 1, 1) / 255

    result = FGSM()(classifier, pixels, torch.tensor([1]), epsilon=10 / 255)

    assert result.adversarial.tolist() == [[[[90, 70, 200]]]]
    assert result.pixels.flatten().tolist() == pytest.approx([90 / 255, 70 / 255, 200 / 255])
    assert result.steps.tolist() == [1]
    # 2 * 90 - 70 > 0: still class 1.
    assert (result.success.tolist(), result.success_before_rounding.tolist()) == ([False], [False])
    assert result.linf.tolist() == pytest.approx([10 / 255])
    assert result.l2.tolist() == pytest.approx([math.sqrt(200) / 255])
    assert result.psnr.tolist() == pytest.approx([10 * math.log10(3 * 255**2 / 200)])


def test_fgsm_is_clipped_at_black_and_white() -> None:
    classifier = linear(
        torch.tensor([[0.0, 0.0, 0.0], [1.0, -1.0, -1.0]]), torch.tensor([0.0, 2.0]), side=1
    )
    pixels = torch.tensor([3, 250, 100]).view(1, 3, 1, 1) / 255
    result = FGSM()(classifier, pixels, torch.tensor([1]), epsilon=10 / 255)
    assert result.adversarial.tolist() == [[[[0, 255, 110]]]]


def test_targeted_fgsm_follows_the_weights_of_the_target() -> None:
    # CE(target 2) falls along w_2 - (softmax-weighted mean of all w): here +, +, -.
    weights = torch.tensor([[1.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [2.0, 3.0, -1.0]])
    classifier = linear(weights, torch.tensor([5.0, 0.0, 0.0]), side=1)
    pixels = torch.full((1, 3, 1, 1), 128 / 255)
    result = FGSM()(classifier, pixels, torch.tensor([0]), epsilon=8 / 255, target=2)
    assert result.adversarial.tolist() == [[[[136, 136, 120]]]]


def test_the_loss_keeps_the_true_class_when_the_model_is_very_sure() -> None:
    # Margin 40: in float32 softmax(label) is exactly 1 and only the runner-up would be left.
    weights = torch.tensor([[30.0, 0.0, 0.0], [0.0, 0.0, 30.0]])
    classifier = linear(weights, torch.tensor([40.0, 0.0]), side=1)
    pixels = torch.full((1, 3, 1, 1), 128 / 255)
    result = FGSM()(classifier, pixels, torch.tensor([0]), epsilon=8 / 255)
    assert result.adversarial.tolist() == [[[[120, 128, 136]]]]


def test_pgd_ends_in_the_corner_of_the_ball_on_a_linear_model() -> None:
    weights = torch.cat([torch.zeros(1, 12), torch.linspace(-1, 1, 12)[None]])
    classifier = linear(weights, torch.tensor([0.0, 30.0]), side=2)
    pixels = torch.full((1, 3, 2, 2), 128 / 255)
    attack = PGD(steps=10, stop_when_solved=False)
    result = attack(classifier, pixels, torch.tensor([1]), epsilon=8 / 255)
    corner = FGSM()(classifier, pixels, torch.tensor([1]), epsilon=8 / 255)
    assert np.array_equal(result.adversarial, corner.adversarial)
    assert result.steps.tolist() == [10]


def far_from_every_boundary() -> tuple[Classifier, Tensor, Tensor]:
    """A linear model on grey images; distances about 1, so that rounding undoes nothing."""
    generator = torch.Generator().manual_seed(5)
    weights = torch.randn(4, 192, generator=generator) / math.sqrt(192)
    pixels = torch.full((3, 3, 8, 8), 128 / 255)
    level = 16 / 255 * torch.rand(pixels.shape, generator=generator)
    pixels = to_tensor(to_images(pixels + level))
    bias = torch.tensor([1.6, 0.0, -0.2, 0.1]) - weights @ pixels[0].flatten()
    return linear(weights, bias, side=8), pixels, torch.zeros(3, dtype=torch.int64)


def closed_form(classifier: Classifier, pixels: Tensor) -> Tensor:
    """Distance of each image to the hyperplane between class 0 and every other: (batch, 3)."""
    weights, logits = classifier.network[1].weight.data, classifier(pixels).detach()
    return (logits[:, :1] - logits[:, 1:]) / (weights[0] - weights[1:]).norm(dim=1)


def test_deepfool_goes_the_closed_form_distance_to_the_nearest_boundary() -> None:
    classifier, pixels, labels = far_from_every_boundary()
    distance = closed_form(classifier, pixels).min(dim=1).values
    result = DeepFool()(classifier, pixels, labels)
    went = (result.pixels - pixels).flatten(start_dim=1).norm(dim=1)
    assert went.tolist() == pytest.approx((1.02 * (distance + 1e-4)).tolist(), rel=1e-4)
    assert result.l2.tolist() == pytest.approx(went.tolist(), rel=0.01)
    assert result.steps.tolist() == [1, 1, 1]
    assert result.success.all() and result.success_before_rounding.all()


def test_targeted_deepfool_ends_behind_all_other_classes() -> None:
    classifier, pixels, labels = far_from_every_boundary()
    distance = closed_form(classifier, pixels)[:, 1]
    result = DeepFool()(classifier, pixels, labels, target=2)
    assert result.success.all()
    assert (torch.from_numpy(result.l2) >= distance).all()
    assert read(classifier, to_tensor(result.adversarial)).tolist() == [2, 2, 2]


def test_deepfool_with_one_candidate_goes_to_the_runner_up_even_if_another_is_nearer() -> None:
    # Class 1 is the runner-up but its boundary is far (small weights); class 2's is near.
    weights = torch.zeros(3, 3)
    weights[1, 0], weights[2, 1] = 1.0, 40.0
    classifier = linear(weights, torch.tensor([0.6, 0.0, -20.2]), side=1)
    pixels = torch.tensor([128, 128, 128]).view(1, 3, 1, 1) / 255
    runner_up = DeepFool(candidates=1)(classifier, pixels, torch.tensor([0]))
    nearest = DeepFool()(classifier, pixels, torch.tensor([0]))
    assert read(classifier, to_tensor(runner_up.adversarial)).tolist() == [1]
    assert read(classifier, to_tensor(nearest.adversarial)).tolist() == [2]
    assert nearest.l2[0] < runner_up.l2[0]


def test_deepfool_doubles_the_overshoot_until_the_rounded_image_is_misread() -> None:
    # A boundary 0.001 away moves each channel by 0.16 levels; overshoot 2.56 makes that 0.57.
    weights = torch.tensor([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    pixels = torch.full((1, 3, 1, 1), 128 / 255)
    bias = torch.tensor([0.0, -3 * 128 / 255 - 0.001 * math.sqrt(3)])
    classifier = linear(weights, bias, side=1)

    result = DeepFool()(classifier, pixels, torch.tensor([0]))

    went = (result.pixels - pixels).norm().item()
    assert went == pytest.approx(3.56 * (0.001 + 1e-4), rel=1e-3)
    assert result.adversarial.tolist() == [[[[129, 129, 129]]]]
    assert result.success.tolist() == [True] and result.steps.tolist() == [1]


# --- laws for every attack ---------------------------------------------------------------------


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
@few
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
@few
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


def test_the_frozen_twin_shares_the_weights() -> None:
    classifier = small_resnet()
    pairs = zip(classifier.parameters(), detached(classifier).parameters(), strict=True)
    assert all(own.data_ptr() == twin.data_ptr() for own, twin in pairs)
    pixels = random_pixels(2, 0)
    assert torch.equal(detached(classifier)(pixels), classifier(pixels))


def gradient_of(model: Classifier, pixels: Tensor) -> Tensor:
    leaf = pixels.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(leaf).logsumexp(dim=1).sum(), leaf)
    return gradient


@pytest.mark.parametrize("seed", range(3))
def test_the_swift_twin_has_the_same_logits_and_gradients(seed: int) -> None:
    exact, pixels = detached(small_resnet(seed)), random_pixels(4, seed)
    faster = fast_network(exact, pixels[:1])
    assert not any(isinstance(module, nn.BatchNorm2d) for module in faster.modules())
    torch.testing.assert_close(faster(pixels), exact(pixels), rtol=1e-4, atol=1e-4)
    expected = gradient_of(exact, pixels)
    difference = (gradient_of(faster, pixels) - expected).norm() / expected.norm()
    assert difference <= 1e-4
    assert all(not parameter.requires_grad for parameter in faster.parameters())
    assert state(faster)[-1] == [0] * sum(3 for _ in faster.modules())


class Twice(nn.Module):
    """A convolution whose output is normalised and also used as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, CLASSES, 3), nn.BatchNorm2d(CLASSES)

    def forward(self, pixels: Tensor) -> Tensor:
        features = self.conv(pixels)
        return (self.norm(features) + features).mean(dim=(2, 3))


def test_what_folding_would_change_is_not_folded() -> None:
    network = Twice()
    network.norm.running_mean.fill_(2.0)
    twin = detached(Classifier(make_manifest(SIDE, CLASSES), network))
    assert fast_network(twin, random_pixels(1, 0)) is twin


@every_attack
def test_attacks_work_where_gradients_are_switched_off(name: str) -> None:
    classifier, pixels = small_resnet(), random_pixels(3, 1)
    labels = read(classifier, pixels)
    with torch.no_grad():
        assert call(name, classifier, pixels, labels).success.any()


@every_attack
def test_success_is_what_the_public_predict_path_says(name: str) -> None:
    classifier, pixels = small_resnet(2), random_pixels(8, 2)
    labels = read(classifier, pixels)
    info = ATTACKS[name].info
    ample = {"epsilon": {"linf": 0.2, "l2": 2.0}[info.norm]} if info.takes_epsilon else {}
    for target in (None, 1) if info.targeted else (None,):
        result = call(name, classifier, pixels, labels, target=target, **ample)
        classes = classifier.predict_logits(list(result.adversarial)).argmax(axis=1)
        hit = classes != labels.numpy() if target is None else classes == target
        assert np.array_equal(result.success, result.eligible & hit)
        assert result.success.any()


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


def test_the_path_of_fgsm_by_hand() -> None:
    # Logits 0 and w.x; three channels at grey, each moved by 10 levels.
    weights = torch.tensor([[0.0, 0.0, 0.0], [2.0, -1.0, 1.0]])
    classifier = linear(weights, torch.tensor([0.0, 0.0]), side=1)
    pixels = torch.full((1, 3, 1, 1), 128 / 255)
    result = FGSM()(classifier, pixels, torch.tensor([1]), epsilon=10 / 255, trace=True)
    sure = [1 / (1 + math.exp(-logit / 255)) for logit in (2 * 128, 2 * 128 - 40)]
    expected = np.array([[0, sure[0], 1 - sure[0]], [1, sure[1], 1 - sure[1]]])
    assert result.path[0] == pytest.approx(expected, abs=1e-6)


@every_attack
def test_a_model_with_flat_logits_is_not_fooled(name: str) -> None:
    classifier = linear(torch.zeros(3, 12), torch.tensor([0.0, 2.0, 1.0]), side=2)
    pixels = random_pixels(2, 0, side=2)
    result = call(name, classifier, pixels, torch.tensor([1, 1]))
    assert result.eligible.all() and not result.success.any()
    assert torch.isfinite(result.pixels).all()


# --- settings of single attacks ----------------------------------------------------------------


def test_random_starts_depend_on_seed_restart_and_content_only() -> None:
    pixels = random_pixels(3, 0)
    pixels[2] = pixels[0]
    labels = torch.zeros(3, dtype=torch.int64)
    task = Task(small_resnet(), pixels, labels, None, EPSILON, digests(pixels))
    numbers = task.uniform(0, 0)
    assert torch.equal(numbers[0], numbers[2]) and not torch.equal(numbers[0], numbers[1])
    assert torch.equal(task.take(torch.tensor([1])).uniform(0, 0)[0], numbers[1])
    assert not torch.equal(task.uniform(1, 0), numbers)
    assert not torch.equal(task.uniform(0, 1), numbers)
    assert numbers.min() >= 0 and numbers.max() < 1 and 0.4 < numbers.mean() < 0.6


def test_pgd_restarts_only_what_is_not_solved() -> None:
    # One image sits next to the boundary, the other out of reach.
    weights = torch.cat([torch.zeros(1, 12), torch.ones(1, 12)])
    classifier = linear(weights, torch.tensor([0.0, -5.0]), side=2)
    pixels = torch.stack([torch.full((3, 2, 2), 108 / 255), torch.full((3, 2, 2), 250 / 255)])
    attack = PGD(steps=5, restarts=3)
    result = attack(classifier, pixels, torch.tensor([1, 1]), epsilon=8 / 255)
    assert result.success.tolist() == [True, False]
    assert result.steps[0] <= 5 and result.steps[1] == 15


@pytest.mark.parametrize("seed", range(5))
def test_pgd_goes_on_until_the_rounded_image_is_misread(seed: int) -> None:
    # Only one channel counts: misread from 0.2 levels up, after rounding from 0.5 levels up.
    classifier = linear(
        torch.tensor([[0.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]), torch.tensor([0.0, 128.2 / 255]), side=1
    )
    pixels = torch.full((1, 3, 1, 1), 128 / 255)
    attack = PGD(steps=40, step_size=0.05 / 255, seed=seed)
    result = attack(classifier, pixels, torch.tensor([1]), epsilon=1 / 255)
    assert result.success.tolist() == [True]


@pytest.mark.parametrize(("steps", "levels"), [(1, 20), (10, 2), (40, 2)])
def test_pgd_steps_by_a_quarter_of_epsilon_but_always_reaches_it(steps: int, levels: int) -> None:
    classifier, pixels = small_resnet(), random_pixels(1, 0)
    task = Task(classifier, pixels, torch.tensor([0]), None, EPSILON, digests(pixels))
    moved = (PGD(steps=steps).step(task, task.at(pixels)) - pixels).abs()
    assert moved.max().item() == pytest.approx(levels / 255, abs=1e-6)


def test_a_step_size_is_taken_as_it_is_given() -> None:
    weights = torch.cat([torch.zeros(1, 3), torch.ones(1, 3)])
    classifier = linear(weights, torch.tensor([0.0, 3.0]), side=1)
    pixels = torch.full((1, 3, 1, 1), 128 / 255)
    labels = torch.tensor([1])
    one = PGD(steps=1, step_size=1 / 255, stop_when_solved=False)
    two = PGD(steps=1, step_size=2 / 255, stop_when_solved=False)
    near = one(classifier, pixels, labels, epsilon=0.1).pixels
    far = two(classifier, pixels, labels, epsilon=0.1).pixels
    assert (near - far).flatten().tolist() == pytest.approx([1 / 255] * 3, abs=1e-6)


def test_a_budget_below_one_level_changes_no_image() -> None:
    classifier, pixels = small_resnet(), random_pixels(2, 1)
    result = FGSM()(classifier, pixels, read(classifier, pixels), epsilon=0.9 / 255)
    assert np.array_equal(result.adversarial, to_images(pixels))


def test_the_summary_counts_and_takes_medians_over_successes() -> None:
    classifier, pixels, labels = far_from_every_boundary()
    labels[1] = 3
    result = DeepFool()(classifier, pixels, labels)
    assert result.summary() == {
        "attack": "deepfool",
        "epsilon": None,
        "images": 3,
        "eligible": 2,
        "successes_before_rounding": 2,
        "successes": 2,
        "success_rate_before_rounding": 1.0,
        "success_rate": 1.0,
        "median_linf": pytest.approx((result.linf[0] + result.linf[2]) / 2),
        "median_l2": pytest.approx((result.l2[0] + result.l2[2]) / 2),
    }


# --- progress and cancelling -------------------------------------------------------------------


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


# --- the table and the refusals ----------------------------------------------------------------


@every_attack
def test_the_table_tells_what_page_and_docs_need(name: str) -> None:
    info = ATTACKS[name].info
    assert info.name == name and get_attack(name) is ATTACKS[name]
    assert info.title and info.formula
    assert info.explanation.endswith(".") and info.explanation.count(".") == 1
    assert info.norm in get_args(Norm)
    address = info.source.split(", ")[-1]
    assert address.startswith("https://") and address in (ATTACKS[name].__doc__ or "")


def test_an_unknown_attack_lists_the_known_ones() -> None:
    with pytest.raises(BadInput) as error:
        get_attack("zap")
    assert str(error.value) == f"unknown attack 'zap'; there are {', '.join(ATTACKS)}"


PIXELS = torch.full((2, 3, 10, 10), 0.5)
LABELS = torch.tensor([0, 1])
REFUSED = [
    (
        {"pixels": PIXELS[0]},
        "pixels must be (batch, 3, height, width) with at least one image, got (3, 10, 10); "
        "`core.model.classifier.to_tensor` makes them from images",
    ),
    (
        {"pixels": PIXELS[:0], "labels": LABELS[:0]},
        "pixels must be (batch, 3, height, width) with at least one image, got (0, 3, 10, 10); "
        "`core.model.classifier.to_tensor` makes them from images",
    ),
    (
        {"pixels": PIXELS.double()},
        "pixels must be float32 in [0, 1], got torch.float64; convert them first",
    ),
    (
        {"pixels": PIXELS * 255},
        "pixels must lie in [0, 1], got 127.5..127.5; divide 8-bit levels by 255",
    ),
    (
        {"pixels": PIXELS * torch.nan},
        "pixels must lie in [0, 1], got nan..nan; divide 8-bit levels by 255",
    ),
    (
        {"labels": LABELS[:1]},
        "labels must be (2,) int64, one class an image, got (1,) torch.int64",
    ),
    (
        {"labels": LABELS.int()},
        "labels must be (2,) int64, one class an image, got (2,) torch.int32",
    ),
    ({"labels": LABELS + 5}, "labels must lie in 0..5, the model's classes, got 5..6"),
    ({"target": 6}, "target must lie in 0..5, the model's classes, got 6..6"),
    ({"target": -1}, "target must lie in 0..5, the model's classes, got -1..-1"),
    (
        {"target": torch.tensor([1, 2, 3])},
        "target must be (2,) int64, one class an image, got (3,) torch.int64",
    ),
    (
        {"target": 1.5},
        "target must be (2,) int64, one class an image, got (2,) torch.float32",
    ),
]


@every_attack
@pytest.mark.parametrize(("wrong", "message"), REFUSED)
def test_wrong_data_is_refused(name: str, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput) as error:
        call(name, small_resnet(), **({"pixels": PIXELS, "labels": LABELS} | wrong))
    assert str(error.value) == message


@pytest.mark.parametrize("epsilon", [None, 0, -0.1, 1.5, math.nan])
def test_epsilon_out_of_range_is_refused(epsilon: float | None) -> None:
    with pytest.raises(BadInput) as error:
        PGD()(small_resnet(), PIXELS, LABELS, epsilon=epsilon)
    assert str(error.value) == (
        "PGD needs an epsilon in (0, 1], the largest change of a pixel (8 levels are 8/255), "
        f"got {epsilon}"
    )


def test_an_epsilon_that_nobody_reads_is_refused() -> None:
    with pytest.raises(BadInput) as error:
        DeepFool()(small_resnet(), PIXELS, LABELS, epsilon=0.5)
    assert str(error.value) == ("DeepFool takes no epsilon; leave it out, got 0.5")


def test_a_target_for_an_attack_that_cannot_aim_is_refused() -> None:
    class Aimless(FGSM):
        info = replace(FGSM.info, title="Aimless", targeted=False)

    with pytest.raises(BadInput) as error:
        Aimless()(small_resnet(), PIXELS, LABELS, epsilon=EPSILON, target=2)
    assert str(error.value) == "Aimless has no targeted form; leave target out, got 2"


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: PGD(steps=0), "steps must be at least 1, got 0"),
        (lambda: PGD(restarts=0), "restarts must be at least 1, got 0"),
        (lambda: PGD(step_size=0.0), "step_size must be above 0, got 0.0"),
        (lambda: DeepFool(steps=-3), "steps must be at least 1, got -3"),
        (lambda: DeepFool(overshoot=math.nan), "overshoot must be above 0, got nan"),
        (lambda: DeepFool(candidates=0), "candidates must be at least 1, got 0"),
    ],
)
def test_settings_out_of_range_are_refused(refused: Callable[[], Attack], message: str) -> None:
    with pytest.raises(BadInput) as error:
        refused()
    assert str(error.value) == message
