"""Which layers add something, and which are not covered."""

from __future__ import annotations

import copy
import re
import threading

import pytest
import torch
from torch import Tensor, nn

from core.errors import BadInput
from core.explain.bias_gradients import bias_gradients, bias_of
from core.explain.fullgrad import explain
from core.model.classifier import Classifier, build_network
from tests.support.explained import CLASSES, convolution_network, randomise, small_network, wrap

SUPPORTED = (
    "it is exact for Conv2d, Linear, BatchNorm2d, ReLU6, ReLU, MaxPool2d, AvgPool2d, "
    "AdaptiveMaxPool2d, AdaptiveAvgPool2d, Dropout, Identity, Flatten, addition and concatenation"
)


@pytest.fixture(scope="module")
def resnet() -> Classifier:
    torch.manual_seed(0)
    return wrap(randomise(build_network("resnet18", CLASSES)))


def test_bias_of_batch_norm_is_its_value_at_zero() -> None:
    norm = convolution_network()[1]
    bias = bias_of(norm)
    assert bias is not None
    torch.testing.assert_close(bias, torch.tensor([2.0, -5.0]).view(2, 1, 1))
    bare = nn.BatchNorm2d(1, eps=1.0, affine=False)
    bare.running_mean, bare.running_var = torch.tensor([6.0]), torch.tensor([3.0])
    torch.testing.assert_close(bias_of(bare), torch.tensor(-3.0).view(1, 1, 1))


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
