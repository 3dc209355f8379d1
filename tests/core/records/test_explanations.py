"""How maps are drawn, and what an explanation holds."""

import numpy as np
import pytest

from core.errors import BadInput
from core.records.explanations import Circle, Explanation, MethodInfo, Style
from tests.support.expect import raises


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((1.5, 0.5, 0.4), "the circle's centre must lie in 0..1, got 1.5, 0.5"),
        ((0.5, -0.1, 0.4), "the circle's centre must lie in 0..1, got 0.5, -0.1"),
        ((0.5, 0.5, 0.0), "the circle's radius must lie in (0, 1], got 0"),
        ((0.5, 0.5, float("nan")), "the circle's radius must lie in (0, 1], got nan"),
    ],
)
def test_a_circle_lies_on_the_image(values: tuple[float, float, float], message: str) -> None:
    with raises(BadInput, message):
        Circle(*values)


@pytest.mark.parametrize(("x", "y", "radius"), [(0, 0, 1), (1, 1, 0.001), (0.5, 0, 0.5)])
def test_the_ends_of_a_circles_ranges_are_allowed(x: float, y: float, radius: float) -> None:
    assert Circle(x, y, radius) == Circle(x=x, y=y, radius=radius)


def test_a_style_has_the_circle_of_a_sign_in_the_middle() -> None:
    assert Style().circle == Circle(0.5, 0.5, 0.4)


def test_a_method_sums_to_the_logit_only_if_it_says_so() -> None:
    assert not MethodInfo("name", "Title", "What it does.", "f", "source").sums_to_logit


def test_an_explanation_without_parts_has_no_residual() -> None:
    explanation = Explanation(np.zeros((2, 2), np.float32), 1, 2.0, 0.5, 1)
    assert (dict(explanation.contributions), explanation.residual) == ({}, None)
