"""The catalogue: every class, and symbols that stay inside their plates."""

import numpy as np
import pytest

from core.labels import all_labels
from core.samples.drawing.catalogue import SIGNS
from core.samples.drawing.marks import Marks


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
