"""FullGrad: by hand, complete on every network, the model left as found."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import BadInput
from core.explain.bias_gradients import bias_gradients, biased_layers
from core.explain.fullgrad import explain, explain_recorded, outside_share
from core.explain.image_gradient import image_gradient
from core.model.classifier import Classifier, build_network
from core.records.explanations import Explanation
from tests.support.expect import raises
from tests.support.explained import (
    CLASSES,
    PIXEL,
    FailsBackward,
    FailsForward,
    Residual,
    assert_same,
    convolution_network,
    linear_network,
    one_layer,
    partly_training,
    plain,
    random_network,
    randomise,
    small_network,
    state_of,
    wrap,
    wrap_by_hand,
)


@pytest.fixture(scope="module")
def resnet() -> Classifier:
    torch.manual_seed(0)
    return wrap(randomise(build_network("resnet18", CLASSES)))


def test_a_linear_network_by_hand() -> None:
    (explanation,) = explain(wrap_by_hand(linear_network()), PIXEL, 0)
    # f = 2 * 0.5 - 1 + 4 * 0.25 + 0.5
    assert explanation.logit == 1.5
    assert explanation.contributions == {"input": 1.0, "1": 0.5}
    assert list(explanation.contributions) == ["input", "1"]
    assert explanation.residual == 0.0
    np.testing.assert_array_equal(explanation.map, [[0]])  # all terms of the one layer are alike


def test_class_prediction_and_calibrated_probability_by_hand() -> None:
    by_class = [explain(wrap_by_hand(linear_network()), PIXEL, k)[0] for k in (0, 1)]
    assert [e.class_id for e in by_class] == [0, 1]
    assert [e.logit for e in by_class] == [1.5, 1.0]
    assert [e.predicted_id for e in by_class] == [0, 0]
    at_temperature_2 = 1 / (1 + np.exp(-(1.5 - 1.0) / 2))
    assert [e.probability for e in by_class] == pytest.approx(
        [at_temperature_2, 1 - at_temperature_2]
    )


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


@settings(max_examples=40)
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


def test_in_place_layers_change_nothing() -> None:
    in_place, plain = small_network(inplace=True), small_network(inplace=False)
    plain.load_state_dict(in_place.state_dict())
    pixels = torch.rand(2, 3, 16, 16)
    pairs = zip(explain(wrap(in_place), pixels), explain(wrap(plain), pixels), strict=True)
    for left, right in pairs:
        assert left.contributions == pytest.approx(dict(right.contributions))
        np.testing.assert_allclose(left.map, right.map, rtol=1e-5)


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


def test_the_model_is_left_as_found() -> None:
    classifier = partly_training()
    pixels = torch.rand(2, 3, 16, 16)
    before, pixels_before = state_of(classifier), pixels.clone()
    for explanation in explain(classifier, pixels):
        assert explanation.residual <= 1e-5
    assert state_of(classifier) == before
    assert torch.equal(pixels, pixels_before)
    assert not pixels.requires_grad and pixels.grad is None


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


@settings(max_examples=50)
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


def test_the_constant_part_of_relu6_by_hand() -> None:
    network = one_layer()
    network[1] = nn.ReLU6()
    network[0].bias.data = torch.tensor([3.0, 1.0])
    pixels = torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1)
    (found,) = explain(plain(network), pixels, 0)
    # Features 7 and 1.5: the first is cut to 6, whatever red is, the second is as it is.
    assert found.logit == 3 * 6 + 5 * 1.5
    assert found.contributions == {"input": 5 * 0.5, "0": 5 * 1.0, "1": 3 * 6.0}
    assert found.residual == 0.0
    assert found.map.tolist() == [[1 + 1 + 1]]


def test_completeness_of_a_mobilenet() -> None:
    network = randomise(build_network("mobilenet_v2", CLASSES))
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.data *= 2  # so that ReLU6 cuts
    classifier = wrap(network).double()
    for found in explain(classifier, torch.rand(2, 3, 32, 32)):
        assert found.residual is not None and found.residual <= 1e-9
        assert any(found.contributions[f"features.{n}.conv.0.2"] for n in range(2, 18))


def recorded(
    classifier: Classifier, pixels: Tensor, row: int
) -> tuple[dict[str, object], list[tuple[str, Tensor, Tensor]]]:
    """What a record of one image holds, out of a batch."""
    calls: list[tuple[str, Tensor, Tensor]] = []
    with bias_gradients(classifier, lambda *call: calls.append(call)):
        found = image_gradient(classifier, pixels, None)
    arguments = {
        "pixels": found.pixels[row].numpy(),
        "logits": found.logits[row].numpy(),
        "class_id": int(found.class_ids[row]),
        "temperature": classifier.manifest.temperature,
        "needed": biased_layers(classifier),
    }
    return arguments, [
        (name, (bias[row] if bias.dim() == gradient.dim() else bias).numpy(), gradient[row].numpy())
        for name, bias, gradient in calls
    ]


@pytest.mark.parametrize("architecture", ["resnet18", "mobilenet_v2"])
def test_a_record_explains_like_the_live_model(architecture: str) -> None:
    classifier = wrap(randomise(build_network(architecture, CLASSES)))
    pixels = torch.rand(3, 3, 40, 36)
    arguments, triples = recorded(classifier, pixels, 1)
    found: Explanation = explain_recorded(**arguments, recorded=triples)
    live = explain(classifier, pixels)[1]
    assert np.abs(found.map - live.map).max() <= 1e-5 * live.map.max()
    assert dict(found.contributions) == pytest.approx(dict(live.contributions), abs=1e-5)
    assert list(found.contributions) == list(live.contributions)
    assert (found.class_id, found.predicted_id) == (live.class_id, live.predicted_id)
    assert found.probability == pytest.approx(live.probability)
    assert found.residual is not None and found.residual <= 1e-3


def test_records_that_miss_something_are_refused() -> None:
    classifier = wrap(small_network(), input_size=8)
    arguments, triples = recorded(classifier, torch.rand(1, 3, 8, 8), 0)
    kept = [each for each in triples if each[0] not in ("1", "4.conv2")]
    with raises(
        BadInput,
        "the record misses the gradients of 1, 4.conv2; FullGrad needs those of all 8 layers with "
        "a bias, so record with an expression that matches them",
    ):
        explain_recorded(**arguments, recorded=kept)
    (name, bias, gradient), *others = triples
    with raises(
        BadInput,
        f"the record's bias of {name}, (4,), does not fit its gradient, (5,); both have to come "
        "from one request",
    ):
        explain_recorded(**arguments, recorded=[(name, bias[:4], gradient), *others])
    with raises(BadInput, "class must lie in 0..4, got 9"):
        explain_recorded(**arguments | {"class_id": 9}, recorded=triples)
    with raises(BadInput, "pixels must lie in [0, 1], got 7 to 7"):
        explain_recorded(
            **arguments | {"pixels": np.full((3, 8, 8), 7.0, np.float32)}, recorded=triples
        )
