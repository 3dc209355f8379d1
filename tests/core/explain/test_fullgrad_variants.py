"""Relatives of FullGrad by hand on tiny networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from core.explain import fullgrad_variants
from core.explain.fullgrad import explain
from core.model.classifier import Classifier
from tests.support.explained import one_layer, plain, small_network, wrap


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    monkeypatch.setattr(fullgrad_variants, "SMOOTH_SAMPLES", 3)


def test_input_x_gradient_by_hand() -> None:
    pixels = torch.tensor([0.5, 1.0, 0.25]).view(1, 3, 1, 1)
    (found,) = fullgrad_variants.input_x_gradient(plain(one_layer()), pixels, 0)
    # f = 3 (4 r + 1) while the second feature is off: only red counts, 12 * 0.5.
    assert found.map.tolist() == [[6.0]]
    assert found.logit == 9.0
    assert (found.contributions, found.residual) == ({}, None)


def test_colours_do_not_cancel_in_input_x_gradient() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(3, 2))
    network[1].weight.data[0] = torch.tensor([2.0, -4.0, 0.0])
    pixels = torch.tensor([0.5, 0.25, 1.0]).view(1, 3, 1, 1)
    (found,) = fullgrad_variants.input_x_gradient(plain(network), pixels, 0)
    assert found.map.tolist() == [[1.0 + 1.0]]


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


def noisy_copies(
    classifier: Classifier, pixels: torch.Tensor, class_ids: int | None
) -> tuple[list[torch.Tensor], list[int]]:
    """What Smooth FullGrad shows the network, and the classes that it asks for."""
    shown: list[torch.Tensor] = []
    hook = classifier.register_forward_pre_hook(lambda _, inputs: shown.append(inputs[0].detach()))
    found = fullgrad_variants.smooth_fullgrad(classifier, pixels, class_ids)
    hook.remove()
    return shown, [each.class_id for each in found]


def test_noise_is_a_share_of_each_images_own_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fullgrad_variants, "SMOOTH_SAMPLES", 8)
    pixels = torch.rand(1, 3, 16, 16)
    faint = 0.4 + 0.1 * (pixels - pixels.min()) / (pixels.max() - pixels.min())
    strong = torch.rand(1, 3, 16, 16).round()
    (clean, *noisy), _ = noisy_copies(
        wrap(small_network(), input_size=16), torch.cat([faint, strong]), 0
    )
    assert len(noisy) == 8
    for row, spread in ((0, 0.15 * 0.1), (1, 0.15 * 1.0)):
        noise = torch.stack([each[row] - clean[row] for each in noisy])
        assert float(noise.std()) == pytest.approx(spread, rel=0.05)
        assert abs(float(noise.mean())) < 0.1 * spread


def test_noisy_copies_are_explained_for_the_class_of_the_clean_image() -> None:
    # Of two equal logits the first counts; with noise either may be larger.
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2, bias=False))
    network[2].weight.data = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    classifier, pixels = plain(network, side=4), torch.rand(1, 3, 4, 4)
    pixels[0, 1] = pixels[0, 0]
    (smooth,) = fullgrad_variants.smooth_fullgrad(classifier, pixels)
    (asked,) = fullgrad_variants.smooth_fullgrad(classifier, pixels, 0)
    (other,) = fullgrad_variants.smooth_fullgrad(classifier, pixels, 1)
    assert smooth.class_id == 0
    np.testing.assert_array_equal(smooth.map, asked.map)
    assert np.abs(smooth.map - other.map).max() > 0.1
