"""Rounds: what is compared runs side by side in time, again and again.

Only the standard library and numpy, as peers in environments of their own measure with it too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

ROUNDS = 5
Floats = NDArray[np.float64]
T = TypeVar("T")


def interleaved(ways: Mapping[str, Callable[[], T]], rounds: int = ROUNDS) -> dict[str, list[T]]:
    """What each of the ways returned, round by round.

    A round calls each once. A first one warms up and does not count. Every second round goes the
    other way round, so that nothing always comes behind the same.
    """
    found: dict[str, list[T]] = {name: [] for name in ways}
    for number in range(-1, rounds):
        for name in list(ways)[:: -1 if number % 2 else 1]:
            returned = ways[name]()
            if number >= 0:
                found[name].append(returned)
    return found


def interleaved_seconds(
    ways: Mapping[str, Callable[[], object]], rounds: int = ROUNDS
) -> dict[str, Floats]:
    """The seconds that each of the ways took, (rounds,), as `interleaved` calls them."""
    clocked = {name: partial(seconds, work) for name, work in ways.items()}
    return {name: np.array(taken) for name, taken in interleaved(clocked, rounds).items()}


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    begun = perf_counter()
    work()
    return perf_counter() - begun
