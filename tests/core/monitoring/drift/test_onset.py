"""Since when a cell has been too frequent."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.monitoring.drift.detector import EPSILONS
from core.monitoring.drift.messages import onset

NONE = np.zeros(200, dtype=bool)


def in_cell(*runs: tuple[int, bool]) -> np.ndarray:
    return np.concatenate([np.full(n, value) for n, value in runs])


def test_it_begins_with_the_first_of_a_run() -> None:
    stream = in_cell((150, False), (8, True))
    assert onset(stream, NONE[:158], 0.01) == 150


def test_a_single_one_long_before_is_left_out_and_a_near_one_is_not() -> None:
    far = in_cell((1, True), (150, False), (8, True))
    assert onset(far, NONE[:159], 0.02) == 151
    near = in_cell((150, False), (1, True), (2, False), (8, True))
    assert onset(near, NONE[:161], 0.02) == 150


def test_repeats_are_no_evidence() -> None:
    stream = in_cell((50, False), (30, True), (60, False), (5, True))
    repeats = np.zeros(145, dtype=bool)
    repeats[51:80] = True
    assert onset(stream, repeats, 0.02) == 140


def test_one_prediction() -> None:
    assert onset(np.array([True]), NONE[:1], 0.5) == 0
    assert onset(np.array([False]), NONE[:1], 0.5) == 0


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.floats(0.001, 1))
def test_no_other_beginning_is_more_likely(hits: list[bool], share: float) -> None:
    def likelihood(begin: int) -> float:
        logs = [sum(np.log(1 - e + e * hit / share) for hit in hits[begin:]) for e in EPSILONS]
        return max(logs)

    found = onset(np.array(hits), np.zeros(len(hits), dtype=bool), share)
    best = max(likelihood(begin) for begin in range(len(hits)))
    assert likelihood(found) >= best - 1e-9
