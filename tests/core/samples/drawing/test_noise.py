"""Random fields and image helpers, worked by hand."""

import numpy as np
import pytest

from core.samples.drawing import noise


def test_a_fractal_field_spans_the_unit_interval_and_is_fixed_by_its_generator() -> None:
    one, two = (noise.fractal(np.random.default_rng(3), 20) for _ in range(2))
    assert (one.min(), one.max()) == (0.0, 1.0)
    assert one.shape == (20, 20)
    assert np.array_equal(one, two)


def test_stretched_bumps_are_wider_than_high() -> None:
    field = noise.fractal(np.random.default_rng(0), 60, bumps=6, octaves=1, stretch=4)
    down, along = np.abs(np.diff(field, axis=0)).mean(), np.abs(np.diff(field, axis=1)).mean()
    assert down > 2 * along


def test_a_step_is_smooth_between_its_ends() -> None:
    field = np.array([[0.0, 0.2, 0.3, 0.4, 1.0]], dtype=np.float32)
    assert noise.step(field, 0.2, 0.4)[0] == pytest.approx([0, 0, 0.5, 1, 1], abs=1e-6)


def test_mixing_weighs_by_share() -> None:
    black = np.zeros((1, 2, 3), np.float32)
    share = np.array([[0.25, 1.0]], np.float32)
    mixed = noise.mix(black, (1.0, 0.5, 0.0), share)
    assert mixed[0].tolist() == [[0.25, 0.125, 0.0], [1.0, 0.5, 0.0]]


def test_coordinates_run_down_and_across() -> None:
    assert noise.heights(3)[:, 0].tolist() == [0.0, 0.5, 1.0]
    assert noise.across(3)[0].tolist() == [0.0, 0.5, 1.0]


def test_a_gradient_runs_from_top_to_bottom() -> None:
    run = noise.gradient(3, (0.0, 0.0, 0.0), (1.0, 0.5, 0.0))
    assert run[:, 1].tolist() == [[0.0, 0.0, 0.0], [0.5, 0.25, 0.0], [1.0, 0.5, 0.0]]
    bent = noise.gradient(3, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), bend=2)
    assert bent[1, 0, 0] == 0.25


def test_levels_of_eight_bits_come_back() -> None:
    image = np.arange(12, dtype=np.float32).reshape(2, 2, 3) / 255
    assert np.allclose(noise.from_pil(noise.to_pil(image)), image)
