"""A calibration that no longer fits the traffic is noticed."""

import numpy as np
import pytest

from core.model.suspicion.drift import FEWEST, drift

EVEN = (np.arange(1_000) + 0.5) / 1_000


def test_uniform_p_values_above_the_level_are_as_they_should_be() -> None:
    assert drift(0.01 + 0.99 * EVEN, 0.01, calibrated=66) is None
    assert drift(0.2 + 0.8 * EVEN, 0.2, calibrated=66) is None


def test_p_values_that_are_too_small_are_reported() -> None:
    assert drift(0.01 + 0.99 * EVEN**2, 0.01, calibrated=66) == (
        "Suspicion's calibration no longer fits the traffic: of the latest 1,000 unflagged "
        "predictions, 50% have a p-value up to 0.26, where 25% are expected"
    )


def test_p_values_that_are_too_large_are_reported() -> None:
    sentence = drift(EVEN**0.4, 0.0, calibrated=66)
    assert sentence is not None
    assert "are expected" in sentence


def test_few_predictions_are_not_tested() -> None:
    assert drift(np.full(FEWEST - 1, 0.02), 0.01, calibrated=66) is None
    assert drift(np.full(FEWEST, 0.02), 0.01, calibrated=66) is not None
    assert drift(np.full(FEWEST, 1.0), 1.0, calibrated=66) is None


@pytest.mark.parametrize("alpha", [0.0, 0.01, 0.5])
def test_random_p_values_of_clean_traffic_are_left_alone(alpha: float) -> None:
    draw = np.random.default_rng(0).uniform(alpha, 1, (50, FEWEST))
    assert all(drift(each, alpha, calibrated=66) is None for each in draw)


def test_signs_count_and_not_frames() -> None:
    """Seven signs in thirty frames each, whose p-values lie where the sign's does."""
    rng, reported, one_by_one = np.random.default_rng(0), 0, 0
    for _ in range(200):
        of_signs = np.repeat(rng.uniform(0.05, 0.95, 7), 30)
        seen = np.clip(of_signs + rng.normal(0, 0.1, 210), 0.011, 1)
        reported += drift(seen, 0.01, signs=7, calibrated=66) is not None
        one_by_one += drift(seen, 0.01, calibrated=66) is not None
    assert reported <= 6
    assert one_by_one > 50
    far = np.clip(rng.normal(0.1, 0.02, 2_000), 0.011, 1)
    assert drift(far, 0.01, signs=60, calibrated=66) is not None


def test_a_small_calibration_contradicts_less() -> None:
    shifted = 0.01 + 0.99 * EVEN**1.2  # a distance of about 0.07
    assert drift(shifted, 0.01, calibrated=100_000) is not None
    assert drift(shifted, 0.01, calibrated=50) is None
