"""The catalogue: every class, and symbols that stay inside their plates."""

import re

import numpy as np
import pytest

from core.labels import all_labels, class_name
from core.samples.drawing import plates
from core.samples.drawing.catalogue import SIGNS
from core.samples.drawing.lettering import MEDIUM, NARROW, lettered
from core.samples.drawing.marks import BLACK, GREY, RED, Ink, Marks


def extent(marks: Marks) -> float:
    """The largest coordinate of any point."""
    return float(max(np.abs(mark.outline).max() for mark in marks))


def test_every_class_has_a_drawing() -> None:
    assert list(SIGNS) == [label.class_id for label in all_labels()]


@pytest.mark.parametrize("class_id", SIGNS)
def test_a_drawing_stays_inside_its_sign(class_id: int) -> None:
    marks = SIGNS[class_id]()
    assert len(marks) >= 2
    assert extent(marks) <= 1.02


@pytest.mark.parametrize("class_id", [*range(6), 7, 8])
def test_a_speed_limit_shows_the_number_of_its_name(class_id: int) -> None:
    (number,) = re.findall(r"\d+", class_name(class_id).removeprefix(f"{class_id} "))
    face = MEDIUM if len(number) == 2 else NARROW
    shown = SIGNS[class_id]()[len(plates.prohibition()) :]
    expected = lettered(number, face, height=0.87, ink=BLACK)
    assert len(shown) == len(expected)
    for one, other in zip(shown, expected, strict=True):
        assert np.array_equal(one.outline, other.outline)


@pytest.mark.parametrize(
    ("class_id", "tip"),
    [
        (19, (-0.34, 0.1)),
        (20, (0.34, 0.1)),
        (33, (0.66, -0.33)),
        (34, (-0.66, -0.33)),
        (36, (0.8, 0.17)),
        (37, (-0.8, 0.17)),
        (38, (0.55, 0.55)),
        (39, (-0.55, 0.55)),
    ],
)
def test_an_arrow_points_where_its_name_says(class_id: int, tip: tuple[float, float]) -> None:
    assert ("left" in class_name(class_id)) == (tip[0] < 0)
    corners = np.concatenate([mark.outline for mark in SIGNS[class_id]()])
    assert np.hypot(*(corners - tip).T).min() < 0.01
    assert np.hypot(*(corners * [-1, 1] - tip).T).min() > 0.02


@pytest.mark.parametrize(
    ("class_id", "left", "right"),
    [(9, RED, BLACK), (10, RED, BLACK), (41, GREY, GREY), (42, GREY, GREY)],
)
def test_the_one_that_overtakes_is_on_the_left(class_id: int, left: Ink, right: Ink) -> None:
    vehicles = [mark for mark in SIGNS[class_id]() if np.abs(mark.outline).max() < 0.9]
    for ink, side in ((left, -1), (right, 1)):
        own = [mark for mark in vehicles if mark.ink == ink]
        assert any((mark.outline[:, 0] * side > 0).all() for mark in own)
    if left != right:  # a lorry is higher than a car
        assert not any((mark.outline[:, 0] > 0).all() for mark in vehicles if mark.ink == left)
        assert not any((mark.outline[:, 0] < 0).all() for mark in vehicles if mark.ink == right)
