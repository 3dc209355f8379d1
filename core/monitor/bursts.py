"""Which predictions repeat what their source just showed: thirty frames of one sign are one sign.

A burst is a stretch of predictions of one source that name at most two classes; the third class
begins the next burst. (Two, because a classifier may waver between two classes over one sign: on
real tracks, counting once a run of equal classes raised a false alarm in every such track.) Within
a burst each cell counts once; all further predictions are repeats. Predictions whose source nobody
knows are taken for one source. A burst ends when its source is silent for MEMORY predictions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput

MEMORY = 2_000
MAX_SOURCE_LENGTH = 256
CLASSES_IN_A_BURST = 2
UNKNOWN = ""


@dataclass(frozen=True)
class Burst:
    """What one source shows at the moment. last: position of its latest prediction."""

    classes: tuple[int, ...]
    cells: tuple[int, ...]
    last: int


@dataclass(frozen=True)
class BurstState:
    """position: predictions taken; open: source -> its burst, the one silent longest first."""

    position: int
    open: dict[str, Burst]

    @staticmethod
    def cold() -> BurstState:
        """Before the first prediction."""
        return BurstState(0, {})

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, as `from_json` reads it."""
        bursts = [[key, b.classes, b.cells, b.last] for key, b in self.open.items()]
        return {"position": self.position, "open": bursts}

    @staticmethod
    def from_json(document: dict[str, Any]) -> BurstState:
        """The state that `to_json` wrote; raises BadInput."""
        try:
            bursts = {
                str(key): Burst(tuple(classes), tuple(cells), int(last))
                for key, classes, cells, last in document["open"]
            }
            return BurstState(int(document["position"]), bursts)
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(
                f"the saved state of bursts cannot be read ({error!r}). Start it anew"
            ) from error


def mark_repeats(
    state: BurstState,
    classes: NDArray[np.int64],
    cells: NDArray[np.int64],
    sources: Sequence[str | None] | None = None,
) -> tuple[BurstState, NDArray[np.bool_]]:
    """The state afterwards, and (n,) whether each prediction is a repeat.

    classes, cells: (n,) in order of time; sources: who sent each, None where nobody knows.
    How predictions are cut into calls makes no difference.
    """
    names = [UNKNOWN] * len(classes) if sources is None else sources
    if not len(classes) == len(cells) == len(names):
        raise BadInput(
            "expected one class, one cell and one source a prediction, got "
            f"{len(classes)}, {len(cells)} and {len(names)}"
        )
    bursts, position = dict(state.open), state.position
    repeats = np.zeros(len(classes), dtype=bool)
    triples = zip(classes.tolist(), cells.tolist(), names, strict=True)
    for index, (class_id, cell, name) in enumerate(triples):
        position += 1
        source = (name or UNKNOWN)[:MAX_SOURCE_LENGTH]
        burst = bursts.pop(source, None)  # it goes back in at the end
        if burst is None or not _goes_on(burst, class_id, position):
            bursts[source] = Burst((class_id,), (cell,), position)
        else:
            repeats[index] = cell in burst.cells
            bursts[source] = _with(burst, class_id, cell, position)
        silent = next(iter(bursts))
        if position - bursts[silent].last > MEMORY:
            del bursts[silent]
    return BurstState(position, bursts), repeats


def _goes_on(burst: Burst, class_id: int, position: int) -> bool:
    if position - burst.last > MEMORY:
        return False
    return class_id in burst.classes or len(burst.classes) < CLASSES_IN_A_BURST


def _with(burst: Burst, class_id: int, cell: int, position: int) -> Burst:
    classes = burst.classes if class_id in burst.classes else (*burst.classes, class_id)
    cells = burst.cells if cell in burst.cells else (*burst.cells, cell)
    return Burst(classes, cells, position)
