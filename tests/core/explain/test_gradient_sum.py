"""The terms of a layer, stretched and summed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.explain.bias_gradients import bias_gradients
from core.explain.fullgrad import explain
from core.explain.gradient_sum import GradientSum, stretched_sum
from tests.support.explained import linear_network, small_network, wrap, wrap_by_hand


def test_the_terms_of_a_layer_are_stretched_by_hand() -> None:
    pixels = torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1)
    (explanation,) = explain(wrap_by_hand(linear_network()), pixels, 0)
    # Normalised (1, 1, 0): terms 2, -1, 0, of which the absolute values become 1, 1/2, 0.
    np.testing.assert_array_equal(explanation.map, [[1.5]])


def test_every_layer_is_stretched_and_interpolated() -> None:
    gradient_sum, place = GradientSum(), torch.ones(1, 1, 1)
    gradient_sum.add("coarse", -place, torch.tensor([1.0, 3.0]).view(1, 1, 1, 2))
    gradient_sum.add("fine", 0.5 * place, torch.tensor([0.0, 0.0, 0.0, 2.0]).view(1, 1, 1, 4))
    names, contributions = gradient_sum.contributions()
    assert names == ["fine", "coarse"]
    np.testing.assert_array_equal(contributions, [[1.0], [-4.0]])
    # coarse: (1, 3) -> (0, 1), interpolated; fine: (0, 0, 0, 1) as it is.
    np.testing.assert_allclose(gradient_sum.maps(torch.Size((1, 4))), [[[0, 0.25, 0.75, 1 + 1]]])


def test_a_plane_finer_than_the_map_is_averaged() -> None:
    gradient_sum = GradientSum()
    terms = torch.zeros(1, 1, 1, 64)
    terms[..., 1::4] = terms[..., 2::4] = 1.0  # between the places that a sample would look at
    gradient_sum.add("fine", torch.ones(1, 1, 1), terms)
    np.testing.assert_allclose(gradient_sum.maps(torch.Size((1, 16)))[0, 0, 1:-1], 0.5, atol=0.01)


@settings(max_examples=25)
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
