"""Suggestions of the true class: the sender's first, then by probability."""

import numpy as np
import pytest

from core.records.captures import Provenance
from core.triage.suggestions import sender_class, suggested_classes
from tests.support.records import make_capture


def test_the_class_of_the_sender_comes_first() -> None:
    probabilities = np.zeros(43, dtype=np.float32)
    probabilities[[14, 17, 3, 5]] = [0.6, 0.2, 0.15, 0.05]
    capture = make_capture(probabilities=probabilities, provenance=Provenance(label=5))
    assert suggested_classes(capture) == [5, 17, 3, 0, 1, 2]
    assert sender_class(capture) == 5


@pytest.mark.parametrize("label", [14, 43, 99, None])
def test_a_label_that_contradicts_nothing_suggests_nothing(label: int | None) -> None:
    capture = make_capture(provenance=Provenance(label=label), probabilities=None)
    assert sender_class(capture) is None
    assert suggested_classes(capture) == []
