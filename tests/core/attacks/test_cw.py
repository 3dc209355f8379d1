"""Carlini and Wagner on a model whose distances are known."""

from __future__ import annotations

import pytest

from core.attacks import (
    CW,
)
from tests.support.attacked import closed_form, far_from_every_boundary


@pytest.mark.parametrize("target", [None, 2])
def test_cw_finds_the_distance_to_the_boundary_of_a_linear_model(target: int | None) -> None:
    classifier, pixels, labels = far_from_every_boundary()
    distances = closed_form(classifier, pixels)
    shortest = distances.min(dim=1).values if target is None else distances[:, target - 1]
    attack = CW(steps=150, searches=8, step_size=0.01)
    result = attack(classifier, pixels, labels, target=target)
    went = (result.pixels - pixels).flatten(start_dim=1).norm(dim=1)
    assert result.success.all()
    # From below by the law, from above by what the search and the stretch for rounding leave.
    assert (went >= shortest - 1e-4).all() and (went <= 1.12 * shortest).all()
