"""Grad-CAM by hand, and what it needs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from core.errors import BadInput
from core.explain.methods import METHODS
from tests.support.expect import raises
from tests.support.explained import Residual, one_layer, plain, randomise


def test_grad_cam_by_hand() -> None:
    pixels = torch.zeros(1, 3, 1, 2)
    pixels[0, 0] = torch.tensor([0.5, 1.0])
    network = one_layer()
    (found,) = METHODS["grad_cam"].explain(plain(network, side=2), pixels.repeat(1, 1, 2, 1), 0)
    # A = relu(4 r + 1) = 3 and 5; its gradient is 3 / 4 at each of four places. Off: nothing.
    np.testing.assert_allclose(found.map, [[2.25, 3.75], [2.25, 3.75]])
    (other,) = METHODS["grad_cam"].explain(plain(network, side=2), pixels.repeat(1, 1, 2, 1), 1)
    assert not other.map.any()


def test_features_finer_than_the_image_are_averaged() -> None:
    pixels = torch.zeros(1, 3, 2, 2)
    pixels[0, 0, :, 1] = 1.0
    (found,) = METHODS["grad_cam"].explain(plain(one_layer(), side=8), pixels, 0)
    # Enlarged to 8, a row of red is 0, 0, 1, 3, 5, 7, 8, 8 eighths; a triangle of half width 4
    # around the middle of the left half weighs its places by 5, 7, 7, 5, 3, 1 of 28.
    left = (7 * 1 + 5 * 3 + 3 * 5 + 1 * 7) / 8 / 28
    expected = [3 / 64 * (4 * red + 1) for red in (left, 1 - left)]
    np.testing.assert_allclose(found.map, [expected] * 2, rtol=1e-5)


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
