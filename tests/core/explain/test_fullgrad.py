"""FullGrad: answers worked out by hand, completeness, and models left as they were found."""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.models import VGG

from core.errors import BadInput
from core.explain.bias_gradients import BIASED, bias_gradients, bias_of
from core.explain.fullgrad import explain, outside_share
from core.explain.gradient_sum import GradientSum, stretched_sum
from core.model.classifier import Classifier, build_network
from core.model.manifest import Manifest
from core.records.explanations import Explanation

CLASSES = 5
SUPPORTED = (
    "it is exact for Conv2d, Linear, BatchNorm2d, ReLU6, ReLU, MaxPool2d, AvgPool2d, "
    "AdaptiveMaxPool2d, AdaptiveAvgPool2d, Dropout, Identity, Flatten, addition and concatenation"
)
ONE_CLASS = "classes must be one class id, or (2,) of them"
SHAPE = "pixels must be (batch, 3, height, width), none of them 0"
# With the hand-made normalisation, the pixel (0.75, 0.5, 0.25) becomes (0.5, 1, 0.25).
PIXEL = torch.tensor([0.75, 0.5, 0.25]).view(1, 3, 1, 1)


def wrap(network: nn.Module, *, input_size: int = 32, classes: int = CLASSES) -> Classifier:
    labels = tuple(f"class {k}" for k in range(classes))
    return Classifier(
        Manifest("", input_size, (0.34, 0.31, 0.32), (0.27, 0.26, 0.27), labels), network
    )


def wrap_by_hand(network: nn.Module, *, input_size: int = 1) -> Classifier:
    manifest = Manifest(
        "", input_size, (0.5, 0.25, 0.0), (0.5, 0.25, 1.0), ("a", "b"), temperature=2.0
    )
    return Classifier(manifest, network)


def randomise(network: nn.Module) -> nn.Module:
    """Batch norm as after a training: statistics, scales and shifts all different from 0 and 1."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None and layer.running_var is not None
            layer.running_mean.normal_(0, 0.5)
            layer.running_var.uniform_(0.5, 2)
            if layer.affine:
                nn.init.uniform_(layer.weight, 0.5, 1.5)
                nn.init.normal_(layer.bias, 0, 0.3)
    return network


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Networks this small only wait for each other on several."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture(scope="module")
def resnet() -> Classifier:
    torch.manual_seed(0)
    return wrap(randomise(build_network("resnet18", CLASSES)))


class Residual(nn.Module):
    """In-place ReLU and in-place addition, where stored activations are easily overwritten."""

    def __init__(self, channels: int, *, inplace: bool = True, normed: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(channels) if normed else nn.Identity()
        self.relu = nn.ReLU(inplace=inplace)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(channels) if normed else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if self.relu.inplace:
            out += x
        else:
            out = out + x
        activated: Tensor = self.relu(out)
        return activated


def small_network(*, inplace: bool = True) -> nn.Sequential:
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace),
        nn.MaxPool2d(2),
        Residual(6, inplace=inplace),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, CLASSES),
    )
    randomise(network)
    return network


# --- answers by hand ---------------------------------------------------------------------------


def linear_network() -> nn.Sequential:
    """logits (2 a - b + 4 c + 0.5, b) of the normalised pixel (a, b, c)."""
    linear = nn.Linear(3, 2)
    linear.weight.data = torch.tensor([[2.0, -1.0, 4.0], [0.0, 1.0, 0.0]])
    linear.bias.data = torch.tensor([0.5, 0.0])
    return nn.Sequential(nn.Flatten(), linear)


def test_a_linear_network_by_hand() -> None:
    (explanation,) = explain(wrap_by_hand(linear_network()), PIXEL, 0)
    # f = 2 * 0.5 - 1 + 4 * 0.25 + 0.5
    assert explanation.logit == 1.5
    assert explanation.contributions == {"input": 1.0, "1": 0.5}
    assert list(explanation.contributions) == ["input", "1"]
    assert explanation.residual == 0.0
    np.testing.assert_array_equal(explanation.map, [[0]])  # all terms of the one layer are alike


def test_the_terms_of_a_layer_are_stretched_by_hand() -> None:
    pixels = torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1)
    (explanation,) = explain(wrap_by_hand(linear_network()), pixels, 0)
    # Normalised (1, 1, 0): terms 2, -1, 0, of which the absolute values become 1, 1/2, 0.
    np.testing.assert_array_equal(explanation.map, [[1.5]])


def test_class_prediction_and_calibrated_probability_by_hand() -> None:
    by_class = [explain(wrap_by_hand(linear_network()), PIXEL, k)[0] for k in (0, 1)]
    assert [e.class_id for e in by_class] == [0, 1]
    assert [e.logit for e in by_class] == [1.5, 1.0]
    assert [e.predicted_id for e in by_class] == [0, 0]
    at_temperature_2 = 1 / (1 + np.exp(-(1.5 - 1.0) / 2))
    assert [e.probability for e in by_class] == pytest.approx(
        [at_temperature_2, 1 - at_temperature_2]
    )


def convolution_network() -> nn.Sequential:
    """One channel alive, one that the batch norm switches off."""
    conv, norm, linear = nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2, eps=1.0), nn.Linear(2, 2)
    conv.weight.data = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]).view(2, 3, 1, 1)
    conv.bias = nn.Parameter(torch.tensor([1.0, 0.5]))
    norm.running_mean, norm.running_var = torch.tensor([1.0, 0.0]), torch.tensor([3.0, 3.0])
    norm.weight.data, norm.bias.data = torch.tensor([2.0, 2.0]), torch.tensor([3.0, -5.0])
    linear.weight.data = torch.tensor([[2.0, 7.0], [0.0, 0.0]])
    linear.bias.data = torch.tensor([-1.0, 0.0])
    return nn.Sequential(conv, norm, nn.ReLU(inplace=True), nn.Flatten(), linear)


def test_convolution_batch_norm_and_relu_by_hand() -> None:
    (explanation,) = explain(wrap_by_hand(convolution_network()), PIXEL, 0)
    # conv (1.5, 1.5) -> batch norm 2 / sqrt(3 + 1) * conv + (2, -5) = (3.5, -3.5) -> (3.5, 0)
    # -> 2 * 3.5 - 1. The gradient is 2 at the live channel of batch norm and conv, and at the
    # first normalised channel; of every layer's terms one is left.
    assert explanation.logit == 6.0
    assert explanation.contributions == {
        "input": 2 * 0.5,
        "0": 2 * 1.0,
        "1": 2 * 2.0,
        "4": -1.0,
    }
    assert explanation.residual == 0.0
    np.testing.assert_array_equal(explanation.map, [[1 + 1 + 1]])


def test_a_layer_used_twice_counts_both_uses() -> None:
    linear = nn.Linear(3, 3)
    linear.weight.data = 2 * torch.eye(3)
    linear.bias.data = torch.ones(3)
    # f = 2 (2 x + 1) + 1 for x = 0.5: the first use of the bias counts twice, the second once.
    (explanation,) = explain(wrap_by_hand(nn.Sequential(nn.Flatten(), linear, linear)), PIXEL, 0)
    assert explanation.logit == 5.0
    assert explanation.contributions == {"input": 4 * 0.5, "1": 3.0}
    assert explanation.residual == 0.0


def test_a_convolution_used_at_two_sizes_is_exact() -> None:
    shared = nn.Conv2d(3, 3, 3, padding=1)
    network = nn.Sequential(
        shared,
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        shared,
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(3 * 4 * 4, CLASSES),
    )
    for explanation in explain(wrap(network, input_size=8).double(), torch.rand(3, 3, 8, 8)):
        assert explanation.residual <= 1e-12


def test_a_linear_layer_along_the_width_counts_and_has_no_map() -> None:
    network = nn.Sequential(nn.Linear(4, 2), nn.ReLU(), nn.Flatten(), nn.Linear(24, CLASSES))
    classifier = wrap(network, input_size=4).double()
    pixels = torch.rand(1, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    (explanation,) = explain(classifier, pixels, 2)
    assert explanation.contributions["0"] != 0
    assert explanation.residual <= 1e-12
    (gradient,) = torch.autograd.grad(classifier(pixels)[0, 2], pixels)
    terms = (gradient * (pixels.detach() - classifier.mean)).abs()
    of_the_input = ((terms - terms.min()) / (terms.max() - terms.min())).sum(1)
    np.testing.assert_allclose(explanation.map, of_the_input[0].numpy(), rtol=1e-6)


def test_bias_of_batch_norm_is_its_value_at_zero() -> None:
    norm = convolution_network()[1]
    bias = bias_of(norm)
    assert bias is not None
    torch.testing.assert_close(bias, torch.tensor([2.0, -5.0]).view(2, 1, 1))
    bare = nn.BatchNorm2d(1, eps=1.0, affine=False)
    bare.running_mean, bare.running_var = torch.tensor([6.0]), torch.tensor([3.0])
    torch.testing.assert_close(bias_of(bare), torch.tensor(-3.0).view(1, 1, 1))


def test_every_layer_is_stretched_and_interpolated() -> None:
    gradient_sum, place = GradientSum(), torch.ones(1, 1, 1)
    gradient_sum.add("coarse", -place, torch.tensor([1.0, 3.0]).view(1, 1, 1, 2))
    gradient_sum.add("fine", 0.5 * place, torch.tensor([0.0, 0.0, 0.0, 2.0]).view(1, 1, 1, 4))
    names, contributions = gradient_sum.contributions()
    assert names == ["fine", "coarse"]
    np.testing.assert_array_equal(contributions, [[1.0], [-4.0]])
    # coarse: (1, 3) -> (0, 1), interpolated; fine: (0, 0, 0, 1) as it is.
    np.testing.assert_allclose(gradient_sum.maps(torch.Size((1, 4))), [[[0, 0.25, 0.75, 1 + 1]]])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(value=st.floats(0, 1e3, width=32), channels=st.integers(1, 600))
def test_a_layer_whose_terms_are_alike_has_no_place(value: float, channels: int) -> None:
    terms = torch.full((1, channels, 2, 2), value)
    assert stretched_sum(terms).count_nonzero() == 0


def test_terms_are_stretched_by_image_and_summed_over_channels() -> None:
    terms = torch.rand(3, 5, 4, 6, dtype=torch.float64)
    low, high = terms.amin((1, 2, 3), keepdim=True), terms.amax((1, 2, 3), keepdim=True)
    torch.testing.assert_close(stretched_sum(terms), ((terms - low) / (high - low)).sum(1))


def test_channels_do_not_cancel_in_the_map() -> None:
    gradient_sum = GradientSum()
    factor = torch.tensor([1.0, -1.0, 0.0]).view(3, 1, 1)
    gradient_sum.add("layer", factor, torch.ones(1, 3, 1, 1))
    np.testing.assert_array_equal(gradient_sum.contributions()[1], [[0.0]])
    np.testing.assert_array_equal(gradient_sum.maps(torch.Size((1, 1))), [[[2.0]]])


# --- completeness ------------------------------------------------------------------------------


def random_network(architecture: str) -> nn.Module:
    """The torchvision network with random weights; VGG without its 120 million in linear layers."""
    with torch.device("meta"):
        network = build_network(architecture, CLASSES)
    if isinstance(network, VGG):
        network.avgpool = nn.AdaptiveAvgPool2d(1)
        network.classifier = nn.Sequential(
            nn.Linear(512, 64), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(64, CLASSES)
        )
    network.to_empty(device="cpu")
    for layer in network.modules():
        if isinstance(layer, BIASED):
            layer.reset_parameters()
    return randomise(network)


@pytest.mark.parametrize("architecture", ["resnet18", "vgg11", "vgg11_bn", "densenet121"])
def test_completeness_of_torchvision_networks(architecture: str) -> None:
    classifier = wrap(random_network(architecture))
    pixels = torch.rand(2, 3, 40, 36)
    assert max(e.residual for e in explain(classifier, pixels)) <= 1e-3
    doubled = explain(classifier.double(), pixels)
    assert max(e.residual for e in doubled) <= 1e-9
    assert all(abs(e.logit) > 1e-3 for e in doubled)  # so that the residual says something


@st.composite
def networks(draw: st.DrawFn) -> nn.Module:
    """Small networks of every supported kind of layer, with random weights."""
    torch.manual_seed(draw(st.integers(0, 2**16)))
    yes_or_no = st.booleans()
    channels, stride = draw(st.integers(1, 4)), draw(st.integers(1, 2))
    pools: list[Callable[[], nn.Module]] = [
        lambda: nn.MaxPool2d(3, 2, padding=1),
        lambda: nn.AvgPool2d(2),
        nn.Identity,
        lambda: nn.AdaptiveMaxPool2d(3),
        lambda: nn.AdaptiveAvgPool2d(2),
    ]
    return randomise(
        nn.Sequential(
            nn.Conv2d(3, channels, 3, stride, padding=1, bias=draw(yes_or_no)),
            nn.BatchNorm2d(channels, affine=draw(yes_or_no)) if draw(yes_or_no) else nn.Identity(),
            nn.ReLU(inplace=draw(yes_or_no)),
            draw(st.sampled_from(pools))(),
            Residual(channels, inplace=draw(yes_or_no), normed=draw(yes_or_no)),
            draw(st.sampled_from(pools))(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(channels, CLASSES),
        )
    )


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    network=networks(),
    size=st.tuples(st.integers(1, 13), st.integers(1, 13)),
    class_id=st.integers(0, CLASSES - 1),
)
def test_completeness_of_any_network_and_size(
    network: nn.Module, size: tuple[int, int], class_id: int
) -> None:
    pixels = torch.rand(2, 3, *size)
    for explanation in explain(wrap(network, input_size=8).double(), pixels, class_id):
        assert explanation.residual <= 1e-9
        assert explanation.map.shape == size
        assert explanation.map.dtype == np.float32
        assert explanation.map.min() >= 0


def test_contributions_agree_with_the_gradients_of_the_bias_parameters(resnet: Classifier) -> None:
    classifier = copy.deepcopy(resnet).double()
    pixels = torch.rand(1, 3, 32, 32)
    (explanation,) = explain(classifier, pixels, 3)
    classifier(pixels.double())[0, 3].backward()
    for name, layer in classifier.network.named_modules():
        bias = bias_of(layer)
        if bias is not None:
            assert isinstance(layer.bias, nn.Parameter) and layer.bias.grad is not None
            expected = float(layer.bias.grad @ bias.flatten())
            assert explanation.contributions[name] == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert len(explanation.contributions) == 1 + 20 + 1  # input, batch norms, fc


def test_in_place_layers_change_nothing() -> None:
    in_place, plain = small_network(inplace=True), small_network(inplace=False)
    plain.load_state_dict(in_place.state_dict())
    pixels = torch.rand(2, 3, 16, 16)
    pairs = zip(explain(wrap(in_place), pixels), explain(wrap(plain), pixels), strict=True)
    for left, right in pairs:
        assert left.contributions == pytest.approx(dict(right.contributions))
        np.testing.assert_allclose(left.map, right.map, rtol=1e-5)


# --- batches, classes, sizes -------------------------------------------------------------------


def assert_same(left: Explanation, right: Explanation, tolerance: float) -> None:
    np.testing.assert_allclose(left.map, right.map, rtol=0, atol=tolerance * float(right.map.max()))
    assert left.contributions == pytest.approx(
        dict(right.contributions), rel=tolerance, abs=tolerance
    )
    assert (left.class_id, left.predicted_id) == (right.class_id, right.predicted_id)
    assert left.logit == pytest.approx(right.logit, rel=tolerance, abs=tolerance)


@pytest.mark.parametrize(("precision", "tolerance"), [("float", 1e-4), ("double", 1e-6)])
def test_one_image_has_the_map_it_has_in_a_batch(
    resnet: Classifier, precision: str, tolerance: float
) -> None:
    classifier = getattr(copy.deepcopy(resnet), precision)()
    pixels, classes = torch.rand(5, 3, 32, 32), torch.tensor([4, 0, 3, 3, 1])
    together = explain(classifier, pixels, classes)
    for row, explanation in enumerate(together):
        (alone,) = explain(classifier, pixels[row : row + 1], int(classes[row]))
        assert_same(alone, explanation, tolerance)


def test_the_predicted_classes_are_the_default(resnet: Classifier) -> None:
    pixels = torch.rand(3, 3, 32, 32)
    with torch.no_grad():
        logits = resnet(pixels)
    explanations = explain(resnet, pixels)
    assert [e.class_id for e in explanations] == logits.argmax(1).tolist()
    assert [e.predicted_id for e in explanations] == logits.argmax(1).tolist()
    assert [e.logit for e in explanations] == pytest.approx(logits.max(1).values.tolist(), rel=1e-5)


def test_a_layer_of_larger_terms_counts_no_more_in_the_map() -> None:
    network = small_network()
    pixels = torch.rand(2, 3, 32, 32)
    before = explain(wrap(network), pixels, 0)
    with torch.no_grad():
        for parameter in network[-1].parameters():
            parameter.mul_(3)
    for small, large in zip(before, explain(wrap(network), pixels, 0), strict=True):
        np.testing.assert_allclose(large.map, small.map, rtol=1e-4)
        assert large.contributions["0"] == pytest.approx(3 * small.contributions["0"], rel=1e-4)


def test_the_mean_of_a_signed_map_is_the_sum_of_contributions() -> None:
    classifier = wrap(small_network(), input_size=16)
    pixels = torch.rand(1, 3, 16, 16)
    gradient_sum = GradientSum(signed=True)
    with bias_gradients(classifier, gradient_sum.add):
        logit = classifier(pixels.requires_grad_())[0, 2]
        logit.backward()
    (bias,) = (layer.bias[2] for layer in classifier.network[-1:])  # it has no place in the image
    mean = gradient_sum.maps(torch.Size((16, 16))).mean()
    assert mean == pytest.approx((logit - bias).item(), rel=1e-4)


def test_callers_without_gradients_are_served(resnet: Classifier) -> None:
    pixels = torch.rand(1, 3, 32, 32)
    (expected,) = explain(resnet, pixels)
    for surrounding in (torch.no_grad, torch.inference_mode):
        with surrounding():
            (explanation,) = explain(resnet, pixels.clone())
        assert_same(explanation, expected, 1e-6)


# --- what is left behind -----------------------------------------------------------------------


def state_of(classifier: Classifier) -> list[object]:
    """All that an explanation could disturb."""
    hooks = [
        len(hooks)
        for module in classifier.modules()
        for hooks in (
            module._forward_hooks,
            module._forward_pre_hooks,
            module._backward_hooks,
            module._backward_pre_hooks,
        )
    ]
    training = [module.training for module in classifier.modules()]
    parameters = [
        (p.requires_grad, None if p.grad is None else p.grad.sum().item(), p.sum().item())
        for p in classifier.parameters()
    ]
    return [hooks, training, parameters, [b.sum().item() for b in classifier.buffers()]]


def partly_training(third: nn.Module | None = None) -> Classifier:
    """A mixed state: some parts training, some parameters frozen, some with a gradient already."""
    network = small_network()
    network[3] = third or network[3]
    classifier = wrap(network)
    network[4].train()
    network[0].requires_grad_(False)
    for parameter in network[-1].parameters():
        parameter.grad = torch.ones_like(parameter)
    return classifier


def test_the_model_is_left_as_found() -> None:
    classifier = partly_training()
    pixels = torch.rand(2, 3, 16, 16)
    before, pixels_before = state_of(classifier), pixels.clone()
    for explanation in explain(classifier, pixels):
        assert explanation.residual <= 1e-5
    assert state_of(classifier) == before
    assert torch.equal(pixels, pixels_before)
    assert not pixels.requires_grad and pixels.grad is None


class FailsForward(nn.Identity):
    def forward(self, input: Tensor) -> Tensor:
        raise RuntimeError("in the middle")


class FailsBackward(nn.Identity):
    def forward(self, input: Tensor) -> Tensor:
        def fail(_: Tensor) -> None:
            raise RuntimeError("in the middle")

        input.register_hook(fail)
        return input


@pytest.mark.parametrize("failing", [FailsForward(), FailsBackward()])
def test_the_model_is_left_as_found_after_an_error_in_the_middle(failing: nn.Module) -> None:
    classifier = partly_training(failing)
    before = state_of(classifier)
    with pytest.raises(RuntimeError, match=r"^in the middle$"):
        explain(classifier, torch.rand(1, 3, 16, 16))
    assert state_of(classifier) == before


def test_the_model_is_left_as_found_after_a_wrong_class() -> None:
    classifier = partly_training()
    before = state_of(classifier)
    with pytest.raises(BadInput):
        explain(classifier, torch.rand(1, 3, 16, 16), CLASSES)
    assert state_of(classifier) == before


def test_other_threads_use_the_model_meanwhile() -> None:
    classifier = wrap(small_network())
    seen: list[str] = []
    answers: list[Tensor] = []

    def serve(gradients: bool) -> None:
        pixels = torch.rand(1, 3, 32, 32, requires_grad=True)
        with torch.inference_mode(not gradients):
            answers.append(classifier(pixels))
        if gradients:
            torch.autograd.backward(answers[-1].sum())

    with bias_gradients(classifier, lambda name, bias, gradient: seen.append(name)):
        for gradients in (False, True):
            thread = threading.Thread(target=serve, args=(gradients,))
            thread.start()
            thread.join()
        assert len(answers) == 2 and seen == []
        serve(gradients=True)
    assert seen == ["7", "4.bn2", "4.conv2", "4.bn1", "4.conv1", "1", "0", "input"]


# --- what is refused ---------------------------------------------------------------------------


class Scaled(nn.Module):
    """Made of modules, but with a parameter of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.ReLU()
        self.shift = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.inner(x)
        return inner + self.shift


@pytest.mark.parametrize(
    ("network", "layer"),
    [
        (nn.Sequential(nn.Conv2d(3, 3, 1), nn.Sequential(nn.ReLU(), nn.GELU())), "1.1 (GELU)"),
        (nn.Sequential(nn.SiLU(), nn.Flatten()), "0 (SiLU)"),
        (nn.Sequential(nn.Flatten(), nn.LayerNorm(12)), "1 (LayerNorm)"),
        (nn.Sequential(nn.GroupNorm(3, 3)), "0 (GroupNorm)"),
        (nn.Sequential(nn.Hardtanh()), "0 (Hardtanh)"),
        (nn.Sequential(nn.Flatten(), nn.Linear(12, 2), nn.Softmax(1)), "2 (Softmax)"),
        (nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False)), "0 (BatchNorm2d)"),
        (nn.Sequential(Scaled()), "0 (Scaled)"),
        (nn.Sigmoid(), "network (Sigmoid)"),
    ],
)
def test_layers_that_are_not_covered_are_named(network: nn.Module, layer: str) -> None:
    with pytest.raises(BadInput) as refusal:
        explain(wrap(network, input_size=2), torch.rand(1, 3, 2, 2))
    assert str(refusal.value) == f"FullGrad cannot explain layer {layer}; {SUPPORTED}"


def test_torchvision_networks_are_accepted_or_refused_by_name() -> None:
    for architecture in ("squeezenet1_1", "shufflenet_v2_x0_5", "mnasnet0_5"):
        classifier = wrap(randomise(build_network(architecture, CLASSES))).double()
        assert explain(classifier, torch.rand(1, 3, 32, 32))[0].residual <= 1e-9
    with pytest.raises(BadInput, match=re.escape("layer features.0.2 (Hardswish);")):
        explain(wrap(build_network("mobilenet_v3_small", CLASSES)), torch.rand(1, 3, 32, 32))


@pytest.mark.parametrize(
    ("classes", "complaint"),
    [
        (5, "class must lie in 0..4, got 5"),
        (-1, "class must lie in 0..4, got -1"),
        (torch.tensor([0, 43]), "class must lie in 0..4, got 43"),
        (torch.tensor([0, 1, 2]), f"{ONE_CLASS}, got (3,) torch.int64"),
        (torch.tensor([0.0, 1.0]), f"{ONE_CLASS}, got (2,) torch.float32"),
    ],
)
def test_classes_that_do_not_exist(classes: int | Tensor, complaint: str) -> None:
    with pytest.raises(BadInput) as refusal:
        explain(wrap(small_network()), torch.rand(2, 3, 16, 16), classes)
    assert str(refusal.value) == complaint


@pytest.mark.parametrize(
    ("pixels", "complaint"),
    [
        (torch.rand(3, 8, 8), f"{SHAPE}, got (3, 8, 8)"),
        (torch.rand(1, 1, 8, 8), f"{SHAPE}, got (1, 1, 8, 8)"),
        (torch.rand(0, 3, 8, 8), f"{SHAPE}, got (0, 3, 8, 8)"),
        (torch.ones(1, 3, 8, 8).byte(), "pixels must be floats in [0, 1], got torch.uint8"),
        (255 * torch.ones(1, 3, 8, 8), "pixels must lie in [0, 1], got 255 to 255"),
        (torch.full((1, 3, 8, 8), torch.nan), "pixels must lie in [0, 1], got nan to nan"),
    ],
)
def test_pixels_that_are_none(pixels: Tensor, complaint: str) -> None:
    with pytest.raises(BadInput) as refusal:
        explain(wrap(small_network()), pixels)
    assert str(refusal.value) == complaint


# --- the share outside the circle --------------------------------------------------------------


def test_outside_share_by_hand() -> None:
    saliency = np.zeros((10, 10))
    saliency[5, 5] = 3.0  # in the middle
    saliency[0, 0] = 1.0  # in the corner
    assert outside_share(saliency) == 0.25
    assert outside_share(saliency, radius=0.05) == 1.0
    assert outside_share(saliency, radius=0.71) == 0.0
    assert outside_share(np.zeros((4, 4), dtype=np.float32)) == 0.0


def test_outside_share_of_a_moved_circle() -> None:
    saliency = np.zeros((4, 8), dtype=np.float32)
    saliency[0, 1], saliency[3, 6] = 3.0, 1.0  # 1.5 and 6.5 to the right, 0.5 and 3.5 down
    assert outside_share(saliency, 0.25, (1.5 / 8, 0.5 / 4)) == 0.25
    assert outside_share(saliency, 0.25, (6.5 / 8, 3.5 / 4)) == 0.75
    assert outside_share(saliency, 0.25, (1.0, 0.0)) == 1.0
    assert outside_share(saliency, 3.0, (1.0, 0.0)) == 0.0


def test_outside_share_of_an_even_map_is_the_area_outside() -> None:
    assert outside_share(np.ones((500, 500))) == pytest.approx(1 - np.pi * 0.4**2, abs=1e-3)
    # The circle is measured by the shorter side.
    assert outside_share(np.ones((500, 1000))) == pytest.approx(1 - np.pi * 0.4**2 / 2, abs=1e-3)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    radii=st.tuples(st.floats(0.01, 2), st.floats(0.01, 2)),
    seed=st.integers(0, 2**16),
)
def test_outside_share_falls_with_the_radius(
    size: tuple[int, int], radii: tuple[float, float], seed: int
) -> None:
    saliency: NDArray[np.float64] = np.random.default_rng(seed).random(size)
    wide, narrow = (outside_share(saliency, radius) for radius in (max(radii), min(radii)))
    assert 0 <= wide <= narrow <= 1


def test_outside_share_needs_a_radius() -> None:
    with pytest.raises(BadInput) as refusal:
        outside_share(np.ones((4, 4)), radius=0)
    assert str(refusal.value) == "radius must be larger than 0, got 0"
