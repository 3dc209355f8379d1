"""The methods of explaining: by hand on tiny networks, and what all of them hold to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from core.errors import BadInput
from core.explain import explanation, fullgrad_variants
from core.explain.bias_gradients import bias_gradients, biased_layers
from core.explain.fullgrad import explain, explain_recorded
from core.explain.image_gradient import image_gradient
from core.explain.methods import METHODS, get_method
from core.model.classifier import Classifier, build_network
from core.records.explanations import DEFAULT_METHOD, Explanation
from tests.core.explain.test_fullgrad import (
    CLASSES,
    FailsBackward,
    FailsForward,
    Residual,
    partly_training,
    randomise,
    small_network,
    state_of,
    wrap,
)
from tests.support.expect import raises


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    monkeypatch.setattr(fullgrad_variants, "SMOOTH_SAMPLES", 3)


def plain(network: nn.Module, *, side: int = 1) -> Classifier:
    """Without normalisation, so that pixels are what the network sees."""
    classifier = wrap(network, input_size=side, classes=2)
    classifier.mean.zero_()
    classifier.std.fill_(1)
    return classifier


def one_layer() -> nn.Sequential:
    """Features (4 r + 1, g - 2) of the pixel (r, g, b) before ReLU; logits (3 A + 5 B, 0)."""
    conv, linear = nn.Conv2d(3, 2, 1), nn.Linear(2, 2, bias=False)
    conv.weight.data = torch.tensor([[4.0, 0, 0], [0, 1.0, 0]]).view(2, 3, 1, 1)
    conv.bias = nn.Parameter(torch.tensor([1.0, -2.0]))
    linear.weight.data = torch.tensor([[3.0, 5.0], [0.0, 0.0]])
    return nn.Sequential(conv, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)


# By hand


def test_the_table_is_known_by_its_names() -> None:
    assert list(METHODS) == [
        "fullgrad",
        "simple_fullgrad",
        "smooth_fullgrad",
        "input_x_gradient",
        "grad_cam",
    ]
    assert DEFAULT_METHOD == "fullgrad"
    for name, method in METHODS.items():
        assert method.name == name
        assert get_method(name) is method
        assert method.title and method.formula and method.source
        assert method.explanation.endswith(".") and method.explanation.count(". ") == 0
    with raises(BadInput, f"unknown method 'magic'; there are {', '.join(METHODS)}"):
        get_method("magic")


def test_input_x_gradient_by_hand() -> None:
    pixels = torch.tensor([0.5, 1.0, 0.25]).view(1, 3, 1, 1)
    (found,) = fullgrad_variants.input_x_gradient(plain(one_layer()), pixels, 0)
    # f = 3 (4 r + 1) while the second feature is off: only red counts, 12 * 0.5.
    assert found.map.tolist() == [[6.0]]
    assert found.logit == 9.0
    assert (found.contributions, found.residual) == ({}, None)


def test_grad_cam_by_hand() -> None:
    pixels = torch.zeros(1, 3, 1, 2)
    pixels[0, 0] = torch.tensor([0.5, 1.0])
    network = one_layer()
    (found,) = METHODS["grad_cam"].explain(plain(network, side=2), pixels.repeat(1, 1, 2, 1), 0)
    # A = relu(4 r + 1) = 3 and 5; its gradient is 3 / 4 at each of four places. Off: nothing.
    np.testing.assert_allclose(found.map, [[2.25, 3.75], [2.25, 3.75]])
    (other,) = METHODS["grad_cam"].explain(plain(network, side=2), pixels.repeat(1, 1, 2, 1), 1)
    assert not other.map.any()


def test_what_speaks_against_a_class_is_not_in_grad_cam() -> None:
    network = one_layer()
    network[-1].weight.data *= -1
    (found,) = METHODS["grad_cam"].explain(plain(network), torch.ones(1, 3, 1, 1), 0)
    assert found.logit == -15.0
    assert found.map.tolist() == [[0.0]]


@pytest.mark.parametrize("inplace", [True, False])
def test_grad_cam_of_a_residual_block_is_of_what_leaves_it(inplace: bool) -> None:
    # In place, the block's output is the same tensor as its batch norm's, with another gradient.
    network = nn.Sequential(
        Residual(3, inplace=inplace), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)
    )
    classifier, pixels = plain(randomise(network), side=4), torch.rand(1, 3, 4, 4)
    (found,) = METHODS["grad_cam"].explain(classifier, pixels, 0)
    with torch.no_grad():
        features = network.eval()[0](pixels.clone())
        # Every place of a feature has the gradient weight / 16.
        expected = torch.relu((network[-1].weight[0].view(1, 3, 1, 1) / 16 * features).sum(1))
    assert (features == 0).any() and expected.any()
    np.testing.assert_allclose(found.map, expected[0].numpy(), rtol=1e-5, atol=1e-7)


def test_simple_fullgrad_by_hand() -> None:
    # One conv feature at two places; the gradient is 3 / 2 where it is on, and 0 where it is off.
    network = one_layer()
    network[0].weight.data[0, 0] = -4.0
    pixels = torch.zeros(1, 3, 2, 2)
    pixels[0, 0, :, 1] = 0.5
    (found,) = fullgrad_variants.simple_fullgrad(plain(network, side=2), pixels, 0)
    # 1 - 4 r = 1 on the left and -1 on the right: the layer's plane is (1, 0), stretched. Pixels:
    # red is 0 where it counts, so x * gradient is 0 everywhere.
    np.testing.assert_allclose(found.map, [[1, 0], [1, 0]], atol=1e-6)


def test_smooth_fullgrad_without_noise_is_fullgrad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fullgrad_variants, "SMOOTH_SPREAD", 0.0)
    classifier, pixels = wrap(small_network(), input_size=8), torch.rand(2, 3, 8, 8)
    smooth = fullgrad_variants.smooth_fullgrad(classifier, pixels)
    for left, right in zip(smooth, explain(classifier, pixels), strict=True):
        np.testing.assert_allclose(left.map, right.map, rtol=1e-4)
        assert left.logit == right.logit
        assert (left.contributions, left.residual) == ({}, None)


def test_smooth_fullgrad_of_a_linear_network_averages_the_noise_out() -> None:
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    classifier, pixels = plain(network, side=4), torch.rand(1, 3, 4, 4)
    (smooth,) = fullgrad_variants.smooth_fullgrad(classifier, pixels, 0)
    (exact,) = explain(classifier, pixels, 0)
    # The gradient is the same everywhere, so the map differs by the mean of three noises alone.
    assert 0 < np.abs(smooth.map - exact.map).max() < 3 * 0.15 * np.abs(exact.map).max() * 16


# What all of them hold to


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=8, deadline=None)
@given(
    height=st.integers(3, 12),
    width=st.integers(3, 12),
    row=st.integers(0, 4),
    class_id=st.none() | st.integers(0, CLASSES - 1),
)
def test_a_image_has_the_map_it_has_in_a_batch(
    name: str, height: int, width: int, row: int, class_id: int | None
) -> None:
    torch.manual_seed(height * width)
    classifier = wrap(small_network(), input_size=8).double()
    pixels = torch.rand(5, 3, height, width)
    together = METHODS[name].explain(classifier, pixels, class_id)[row]
    (alone,) = METHODS[name].explain(classifier, pixels[row : row + 1], class_id)
    assert alone.map.shape == (height, width)
    assert alone.map.dtype == np.float32
    assert alone.map.min() >= 0
    np.testing.assert_allclose(together.map, alone.map, rtol=1e-5, atol=1e-6 * alone.map.max())
    assert (together.class_id, together.predicted_id) == (alone.class_id, alone.predicted_id)
    assert (alone.residual is None) == (not METHODS[name].sums_to_logit)
    assert bool(alone.contributions) == METHODS[name].sums_to_logit


@pytest.mark.parametrize("name", METHODS)
def test_large_batches_are_taken_apart_and_counted(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier, pixels = wrap(small_network(), input_size=8), torch.rand(5, 3, 8, 8)
    whole = METHODS[name].explain(classifier, pixels, torch.arange(5))
    seen: list[int] = []
    classifier.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    monkeypatch.setattr(explanation, "PIXELS_AT_ONCE", 2 * 64)
    reported: list[tuple[int, int, str]] = []
    parts = METHODS[name].explain(
        classifier, pixels, torch.arange(5), progress=lambda *each: reported.append(each)
    )
    assert max(seen) == 2
    assert reported == [(done, 5, "explained") for done in (2, 4, 5)]
    for left, right in zip(whole, parts, strict=True):
        np.testing.assert_allclose(left.map, right.map, rtol=1e-4)
        assert left.class_id == right.class_id


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("failing", [None, FailsForward(), FailsBackward()])
def test_the_model_is_left_as_found(name: str, failing: nn.Module | None) -> None:
    classifier = partly_training(failing)
    before = state_of(classifier)
    if failing is None:
        METHODS[name].explain(classifier, torch.rand(2, 3, 16, 16))
    else:
        with pytest.raises(RuntimeError, match=r"^in the middle$"):
            METHODS[name].explain(classifier, torch.rand(2, 3, 16, 16))
    assert state_of(classifier) == before


class Detached(nn.Sequential):
    def forward(self, input: Tensor) -> Tensor:
        output: Tensor = super().forward(input)
        return output.detach()


class Ignoring(nn.Sequential):
    """Logits of a parameter, whatever the image shows."""

    def forward(self, input: Tensor) -> Tensor:
        output: Tensor = super().forward(torch.zeros_like(input))
        return output


class Served(nn.Sequential):
    @torch.inference_mode()
    def forward(self, input: Tensor) -> Tensor:
        output: Tensor = super().forward(input)
        return output


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", [Detached, Ignoring, Served])
def test_models_without_gradients_are_refused(name: str, kind: type[nn.Sequential]) -> None:
    classifier = plain(kind(*one_layer()))
    with raises(
        BadInput,
        f"the model ({kind.__name__}) gives no gradient of its logits with respect to the image, "
        "so it cannot be explained; expected a network of differentiable layers, neither detached "
        "nor quantised nor compiled for serving",
    ):
        METHODS[name].explain(classifier, torch.rand(1, 3, 1, 1))


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=15, deadline=None)
@given(shape=st.lists(st.integers(0, 4), max_size=5), value=st.sampled_from([-1.0, 2.0, np.nan]))
def test_pixels_that_are_none_are_refused_before_time_is_spent(
    name: str, shape: list[int], value: float
) -> None:
    classifier = wrap(small_network(), input_size=8)
    classifier.register_forward_pre_hook(lambda *_: pytest.fail("time was spent"))
    with pytest.raises(BadInput, match=r"^pixels must "):
        METHODS[name].explain(classifier, torch.full(shape, value))
    with pytest.raises(BadInput, match=r"^class must lie in 0\.\.4, got 5$"):
        METHODS[name].explain(classifier, torch.rand(2, 3, 8, 8), torch.tensor([0, 5]))


def test_grad_cam_needs_feature_maps() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(3, 2))
    with raises(
        BadInput,
        "Grad-CAM needs feature maps (batch, channels, height, width), and the model (Sequential) "
        "makes none outside its pooling",
    ):
        METHODS["grad_cam"].explain(plain(network), torch.rand(1, 3, 1, 1))


def test_grad_cam_and_input_x_gradient_need_no_relu() -> None:
    network = one_layer()
    network[1] = nn.GELU()
    for name in ("grad_cam", "input_x_gradient"):
        METHODS[name].explain(plain(network), torch.rand(1, 3, 1, 1))


# ReLU6


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


# From a record


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
