"""Marks: filled, stroked, placed, mirrored."""

import numpy as np
import pytest

from core.samples.drawing.marks import BLACK, RED, disc, fill, limb, mirrored, placed, stroke


def test_every_subpath_becomes_a_mark() -> None:
    one, two = fill("M 0 0 L 1 0 L 1 1 Z M 2 2 L 3 2 L 3 3 Z", RED)
    assert one.outline[:3].tolist() == [[0, 0], [1, 0], [1, 1]]
    assert (two.outline[0].tolist(), two.ink) == ([2, 2], RED)


def test_a_stroke_takes_a_path_or_points() -> None:
    text, points = stroke("M 0 0 L 2 0", 0.5, RED), stroke(np.array([[0.0, 0], [2, 0]]), 0.5, RED)
    assert [mark.outline.tolist() for mark in text] == [mark.outline.tolist() for mark in points]


def test_a_disc_has_its_radius() -> None:
    (mark,) = disc(1, 2, 0.5, BLACK)
    assert np.hypot(*(mark.outline - [1, 2]).T) == pytest.approx(np.full(96, 0.5))


def test_a_limb_is_as_thick_as_its_joints() -> None:
    marks = limb("0 0 .2, 1 0 .1", BLACK)
    points = np.concatenate([mark.outline for mark in marks])
    assert points.min(axis=0) == pytest.approx([-0.2, -0.2], abs=1e-3)
    assert points.max(axis=0) == pytest.approx([1.1, 0.2], abs=1e-3)


def test_marks_are_scaled_turned_and_then_moved() -> None:
    (mark,) = placed(fill("M 1 0 L 1 1 L 0 1 Z", RED), x=5, y=7, scale=2, turn=90)
    assert mark.outline[0] == pytest.approx([5, 9])  # y runs down: clockwise, (2, 0) goes to (0, 2)


def test_mirroring_twice_gives_the_marks_back() -> None:
    marks = fill("M 1 0 L 1 1 L 0 1 Z", RED)
    assert mirrored(marks)[0].outline[0].tolist() == [-1, 0]
    assert mirrored(mirrored(marks))[0].outline.tolist() == marks[0].outline.tolist()
