"""Bursts: what one source repeats counts once."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.monitoring.drift.bursts import MEMORY, BurstState, mark_repeats
from tests.support.expect import raises


def repeats(
    classes: list[int], sources: list[str | None] | None = None, bins: list[int] | None = None
) -> list[bool]:
    ids = np.array(classes, dtype=np.int64)
    marked = np.array(classes if bins is None else bins, dtype=np.int64)
    return mark_repeats(BurstState.cold(), ids, marked, sources)[1].tolist()


def test_thirty_frames_of_one_sign_count_once() -> None:
    assert repeats([14] * 30) == [False] + [True] * 29


def test_a_classifier_that_wavers_between_two_classes_counts_each_twice() -> None:
    assert repeats([23, 19, 23, 19, 19, 23, 19]) == [False] * 4 + [True] * 3


def test_the_third_class_begins_the_next_burst() -> None:
    stream = [14, 1, 14, 1, 14, 2, 14, 3, 3]
    assert repeats(stream) == [False] * 4 + [True, False, False, False, True]


def test_sources_are_kept_apart_and_unknown_ones_are_one() -> None:
    assert repeats([14, 14, 14, 14], ["a", "b", "a", "b"]) == [False, False, True, True]
    assert repeats([14, 14, 14], ["a", None, None]) == [False, False, True]
    assert repeats([14, 14], ["", None]) == [False, True]


def test_each_bin_of_a_class_counts_once_a_run() -> None:
    assert repeats([14, 14, 14, 14], bins=[14, 58, 14, 58]) == [False, False, True, True]


def test_a_source_that_was_silent_for_long_begins_anew() -> None:
    others = [k % 3 for k in range(MEMORY)]
    names: list[str | None] = ["a", *["b"] * (MEMORY - 1), "a"]
    assert repeats([14, *others[1:], 14], names)[-1] is True
    names = ["a", *["b"] * MEMORY, "a"]
    assert repeats([14, *others, 14], names)[-1] is False


def test_no_more_sources_are_remembered_than_were_lately_seen() -> None:
    count = 3 * MEMORY
    classes = np.zeros(count, dtype=np.int64)
    state, _ = mark_repeats(BurstState.cold(), classes, classes, [str(n) for n in range(count)])
    assert len(state.open) == MEMORY + 1


traffic = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([None, "a", "b"])), max_size=60)


@given(traffic, st.integers(1, 20))
def test_pieces_and_a_restart_change_nothing(
    stream: list[tuple[int, str | None]], size: int
) -> None:
    classes = np.array([k for k, _ in stream], dtype=np.int64)
    sources = [source for _, source in stream]
    whole_state, whole = mark_repeats(BurstState.cold(), classes, classes, sources)
    state, marks = BurstState.cold(), []
    for start in range(0, len(stream), size):
        piece = slice(start, start + size)
        state, part = mark_repeats(state, classes[piece], classes[piece], sources[piece])
        state = BurstState.from_json(json.loads(json.dumps(state.to_json())))
        marks += part.tolist()
    assert marks == whole.tolist()
    assert state == whole_state


def test_what_does_not_fit_is_refused() -> None:
    two, one = np.zeros(2, dtype=np.int64), np.zeros(1, dtype=np.int64)
    with raises(
        BadInput, "expected one class, one bin and one source a prediction, got 2, 1 and 2"
    ):
        mark_repeats(BurstState.cold(), two, one)
    with raises(
        BadInput,
        "the saved state of bursts cannot be read (KeyError('open')). Start it anew",
    ):
        BurstState.from_json({})
