"""Plates: shape and colours."""

import numpy as np
import pytest

from core.samples.drawing import plates
from core.samples.drawing.marks import BLACK, BLUE, RED, WHITE, YELLOW, disc


@pytest.mark.parametrize(
    ("plate", "inks"),
    [
        (plates.danger, {RED, WHITE}),
        (plates.give_way, {RED, WHITE}),
        (plates.prohibition, {RED, WHITE}),
        (plates.no_entry, {RED, WHITE}),
        (plates.mandatory, {BLUE, WHITE}),
        (plates.stop, {RED, WHITE}),
        (plates.priority, {BLACK, WHITE, YELLOW}),
    ],
)
def test_a_plate_has_its_colours_and_fills_the_sign(plate, inks) -> None:  # type: ignore[no-untyped-def]
    marks = plate()
    assert {mark.ink for mark in marks} <= inks
    assert len({mark.ink for mark in marks}) >= 2
    points = np.concatenate([mark.outline for mark in marks])
    assert np.abs(points).max() <= 1.02
    assert np.ptp(points[:, 0]) == pytest.approx(2, abs=0.1)


def test_the_triangle_of_give_way_stands_on_its_tip() -> None:
    up, down = plates.danger()[0].outline, plates.give_way()[0].outline
    assert abs(up[up[:, 1].argmin(), 0]) < 0.05
    assert abs(down[down[:, 1].argmax(), 0]) < 0.05


def test_a_derestriction_crosses_its_symbol_out() -> None:
    symbol = disc(0, 0, 0.2, BLACK)
    marks = plates.derestriction(symbol)
    place = next(n for n, mark in enumerate(marks) if mark is symbol[0])
    assert len(marks) > place + 1  # the bars are painted after the symbol
