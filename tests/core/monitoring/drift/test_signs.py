"""Predictions without a source are distinguished by what they show."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.monitoring.drift.signs import KEPT, WITHIN, SignState, name_signs
from core.records.drift import LOOK, Observed
from tests.support.observing import observed


def shown(
    places: list[float | None],
    *,
    classes: list[int] | None = None,
    sources: list[str | None] | None = None,
) -> Observed:
    """One prediction a place, where looks lie on a line; None: the look is not known."""
    looks = np.zeros((len(places), LOOK), dtype=np.float16)
    looks[:, 0] = [np.nan if place is None else place for place in places]
    seen = observed(classes or [1] * len(places), sources=sources or [None] * len(places))
    return replace(seen, looks=looks)


def named(seen: Observed) -> list[str | None]:
    return list(name_signs(SignState(), seen)[1].sources)


def numbered(names: list[str | None]) -> list[int | None]:
    """Signs by the order in which they appear."""
    order = list(dict.fromkeys(names))
    return [None if name is None else order.index(name) for name in names]


def test_frames_of_two_cameras_that_take_turns_are_two_signs() -> None:
    assert numbered(named(shown([0, 50, 0.5, 50.5, 1, 51]))) == [0, 1, 0, 1, 0, 1]


def test_near_is_a_distance_of_1_to_any_of_the_latest_looks() -> None:
    assert numbered(named(shown([0, 1, 2, 3.5]))) == [0, 0, 0, 1]
    assert numbered(named(shown([0, 0.75, 1.75, 1]))) == [0] * 4  # 1 is nearest to 0.75


def test_the_nearest_sign_counts() -> None:
    assert numbered(named(shown([0, 1.5, 0.8, 0.6]))) == [0, 1, 1, 1]
    assert numbered(named(shown([0, 1.5, 0.7]))) == [0, 1, 0]


def test_each_class_has_signs_of_its_own() -> None:
    assert numbered(named(shown([0, 0, 0], classes=[1, 2, 1]))) == [0, 1, 0]


def test_who_names_a_source_keeps_it_and_what_is_not_known_stays_so() -> None:
    found = named(shown([0, 0, None, 0], sources=["a", None, None, None]))
    assert found[0] == "a"
    assert found[2] is None
    assert found[1] == found[3]
    assert found[1] not in ("a", None)
    bare = observed([1, 2], sources=[None, "b"])
    assert name_signs(SignState(), bare) == (SignState(), bare)


def test_a_sign_is_forgotten_behind_as_many_predictions() -> None:
    between = [float(1_000 + 3 * n) for n in range(WITHIN)]
    assert numbered(named(shown([0, *between[1:], 0])))[-1] == 0
    assert numbered(named(shown([0, *between, 0])))[-1] == WITHIN + 1


def test_the_latest_looks_of_a_sign_are_kept() -> None:
    way = [0.9 * n for n in range(KEPT + 1)]
    state, seen = name_signs(SignState(), shown(way))
    assert numbered(list(seen.sources)) == [0] * (KEPT + 1)
    assert [float(each.look[0]) for each in state.shown] == np.float16(way[1:]).tolist()
    assert numbered([*seen.sources, *name_signs(state, shown([-0.2]))[1].sources])[-1] == 1


def test_hundreds_of_signs_are_kept_apart_and_found_again() -> None:
    way = [float(3 * n) for n in range(WITHIN // 2)]
    state, seen = name_signs(SignState(), shown([*way, *way]))
    assert numbered(list(seen.sources)) == [*range(len(way)), *range(len(way))]
    assert [each.position for each in state.shown] == [*range(1, WITHIN + 1)]


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 0.8, 5, None]), st.integers(0, 1), st.booleans()), max_size=40
    ),
    st.lists(st.integers(0, 40), max_size=4),
)
def test_cuts_and_restarts_change_nothing(
    drawn: list[tuple[float | None, int, bool]], cuts: list[int]
) -> None:
    places, classes, own = map(list, zip(*drawn, strict=True)) if drawn else ([], [], [])
    seen = shown(places, classes=classes, sources=["a" if each else None for each in own])
    whole_state, whole = name_signs(SignState(), seen)
    state, sources = SignState(), []
    edges = sorted({0, len(places), *(cut for cut in cuts if cut < len(places))})
    for first, last in zip(edges, edges[1:], strict=False):
        state = SignState.from_json(json.loads(json.dumps(state.to_json())))
        state, part = name_signs(state, seen.part(slice(first, last)))
        sources += part.sources
    assert sources == list(whole.sources)
    assert state.to_json() == whole_state.to_json()


def test_a_state_that_cannot_be_read_is_named() -> None:
    for damaged in ({}, {"position": 1, "shown": [["a", 1, 1]], "looks": ""}):
        with pytest.raises(BadInput, match="the saved state of signs cannot be read"):
            SignState.from_json(damaged)


def test_names_of_signs_are_nobody_s_sources() -> None:
    assert all(name and name.startswith("\0") for name in named(shown([0, 5])))
