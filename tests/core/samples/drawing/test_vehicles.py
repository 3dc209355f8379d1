"""Vehicles: their inks and sizes."""

import numpy as np
import pytest

from core.samples.drawing import vehicles
from core.samples.drawing.marks import BLACK, RED, Marks


def points(marks: Marks) -> np.ndarray:
    """All corners, (n, 2)."""
    return np.concatenate([mark.outline for mark in marks])


def test_no_overtaking_shows_a_car_in_each_ink_side_by_side() -> None:
    marks = vehicles.no_overtaking(RED, BLACK)
    red = points([mark for mark in marks if mark.ink == RED])
    black = points([mark for mark in marks if mark.ink == BLACK])
    assert red[:, 0].mean() < 0 < black[:, 0].mean()


def test_lorries_are_higher_than_cars() -> None:
    car, lorry = points(vehicles.car(RED)), points(vehicles.lorry_behind(RED))
    assert np.ptp(lorry[:, 1]) > np.ptp(car[:, 1])


@pytest.mark.parametrize("draw", [vehicles.lorry_side, vehicles.skidding, vehicles.bicycle])
def test_a_vehicle_stays_within_its_plate(draw) -> None:  # type: ignore[no-untyped-def]
    assert np.abs(points(draw())).max() < 0.85
