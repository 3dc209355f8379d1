"""FullGrad of a record equals the live one, and a record that misses tensors says which."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import BadInput
from core.explain.fullgrad import explain
from core.model.classifier import Classifier, build_network, to_tensor
from core.records.explanations import Explanation
from core.records.tensors import DEFAULT_REGEX, Recording
from core.tensors.fullgrad import (
    check_complete,
    explain_record,
    largest_difference,
    sufficient_regex,
)
from core.tensors.hooks import Hook
from tests.core.tensors.test_hooks import LEVELS
from tests.support.expect import raises
from tests.support.explained import (
    Residual,
    linear_network,
    random_network,
    randomise,
    small_network,
    wrap,
    wrap_by_hand,
)
from tests.support.images import blocks, noise


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def recorded(recording: Recording) -> Explanation:
    return explain_record(recording.passed, {**recording.tensors, **recording.parameters})


def live(classifier: Classifier, image: NDArray[np.uint8], class_id: int) -> Explanation:
    return explain(classifier, to_tensor(image[None]), class_id)[0]


def test_a_linear_network_by_hand() -> None:
    explanation = recorded(Hook(wrap_by_hand(linear_network()), ".").record(LEVELS, 0))
    # Normalised (1, 3, 0.2): terms 2 * 1, -1 * 3, 4 * 0.2, whose absolute values are stretched.
    assert explanation.contributions == {"input": pytest.approx(-0.2), "1": 0.5}
    assert explanation.map.tolist() == [[pytest.approx((2 - 0.8) / (3 - 0.8) + 1)]]
    assert explanation.logit == pytest.approx(0.3)


class Pooled(nn.Module):
    """VGG's kinds: convolutions with a bias, a BatchNorm without parameters, a ReLU6."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 4, 3),
            nn.BatchNorm2d(4, affine=False, eps=1e-3),
            nn.ReLU6(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 4, 3, bias=False),
            nn.BatchNorm2d(4),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(20 * self.features(x).mean((2, 3)))
        return logits


def loud() -> nn.Module:
    """Pooled, with values that reach ReLU6's upper end."""
    network = randomise(Pooled())
    with torch.no_grad():
        network.features[0].weight.mul_(10)
    return network


@pytest.mark.parametrize(
    "build",
    [
        small_network,
        loud,
        lambda: randomise(build_network("resnet18", 5)),
        lambda: random_network("vgg11_bn"),
        lambda: randomise(build_network("densenet121", 5)),
        lambda: randomise(build_network("mobilenet_v2", 5)),
        lambda: nn.Sequential(Residual(3), nn.Flatten(), nn.Linear(3072, 5)),
    ],
    ids=["small", "loud", "resnet18", "vgg11_bn", "densenet121", "mobilenet_v2", "shared relu"],
)
@pytest.mark.parametrize("size", [(32, 32), (20, 45)])
def test_the_map_equals_the_live_one(build, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    classifier = wrap(build())
    image = noise(*size)
    first = Hook(classifier, "^nothing$").record(image, 1)
    hook = Hook(classifier, sufficient_regex(first.passed))
    explanation, expected = recorded(hook.record(image, 1)), live(classifier, image, 1)
    assert largest_difference(explanation, expected) <= 1e-6
    assert explanation.map.shape == size
    assert explanation.contributions.keys() == expected.contributions.keys()
    assert list(explanation.contributions.values()) == pytest.approx(
        list(expected.contributions.values()), abs=1e-5
    )
    assert (explanation.class_id, explanation.predicted_id) == (1, expected.predicted_id)
    assert explanation.probability == pytest.approx(expected.probability, rel=1e-5)
    assert explanation.residual is not None and explanation.residual <= 1e-3


def test_a_sufficient_expression_records_little_else() -> None:
    classifier = wrap(randomise(build_network("resnet18", 5)))
    passed = Hook(classifier, ".").record(blocks(), 1).passed
    recording = Hook(classifier, sufficient_regex(passed)).record(blocks(), 1)
    assert sorted(recording.tensors) == sorted(
        ["ResNet_input_0", "image_pixels", "gradient/image_pixels", "gradient/image"]
        + [use.gradient for use in passed.biases]
    )
    assert "ResNet_conv1.weight" not in recording.parameters


def test_the_blog_posts_expression_is_enough_for_a_resnet() -> None:
    classifier = wrap(randomise(build_network("resnet18", 5)))
    explanation = recorded(Hook(classifier, DEFAULT_REGEX).record(blocks(), 2))
    assert largest_difference(explanation, live(classifier, blocks(), 2)) <= 1e-6


def test_what_misses_is_named_with_an_expression_that_finds_it() -> None:
    classifier = wrap(small_network())
    recording = Hook(classifier, "image|bias|running|input|output").record(blocks(), 2)
    values = {**recording.tensors, **recording.parameters}
    assert recorded(Hook(classifier, "image|bias|running|input|output|weight").record(blocks(), 2))
    expected = (
        "FullGrad needs tensors that were not recorded: Sequential_1.weight, "
        "Sequential_4.bn1.weight, Sequential_4.bn2.weight. SIGNWATCH_TENSORS_REGEX="
        r"'image|^Sequential_input_0$|^gradient/(0|1|4\.conv1|4\.bn1|4\.conv2|4\.bn2|7)_output"
        r"|^Sequential_(0|4\.conv1|4\.conv2|7)\.bias$"
        r"|^(Sequential_)?(1|4\.bn1|4\.bn2)\.(weight|bias|running_)' records all of them"
    )
    with raises(BadInput, expected):
        explain_record(recording.passed, values)


def test_of_many_that_miss_a_few_are_named() -> None:
    recording = Hook(wrap(small_network()), "image|input").record(blocks(), 2)
    with pytest.raises(BadInput) as caught:
        check_complete(recording.passed, recording.tensors.keys() | recording.parameters.keys())
    assert str(caught.value).startswith(
        "FullGrad needs tensors that were not recorded: 1.running_mean_output_0, "
        "1.running_var_output_0, 4.bn1.running_mean_output_0, 4.bn1.running_var_output_0, "
        "4.bn2.running_mean_output_0 and 18 more. SIGNWATCH_TENSORS_REGEX='image|"
    )


def test_networks_that_fullgrad_does_not_cover_are_recorded_but_not_explained() -> None:
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.GELU(), nn.Flatten(), nn.Linear(1800, 5))
    recording = Hook(wrap(network), ".").record(blocks(), 2)
    assert recording.tensors["gradient/1_output"].shape == (1, 2, 30, 30)
    with pytest.raises(BadInput, match=r"^FullGrad cannot explain layer 1 \(GELU\)"):
        recorded(recording)


def test_maps_differ_as_a_share_of_the_live_ones_range() -> None:
    live, recorded = (
        Explanation(np.array([[1.0, end]], np.float32), 0, 0.0, 0.5, 0) for end in (3.0, 6.0)
    )
    assert largest_difference(recorded, live) == 3 / 2


def test_a_flat_map_differs_by_what_it_is() -> None:
    flat = Explanation(np.zeros((2, 2), np.float32), 0, 0.0, 0.5, 0)
    other = Explanation(np.full((2, 2), 0.25, np.float32), 0, 0.0, 0.5, 0)
    assert largest_difference(other, flat) == 0.25
