"""Which predictions repeat what their source just showed: thirty frames of one sign are one sign.

A burst is a stretch of predictions of one source that name at most two classes; the third class
begins the next burst. (Two, because a classifier may waver between two classes over one sign: on
real tracks, counting every run of equal classes raised a false alarm in each such track.) A bin
counts once in a run of equal classes, and in no more than RUNS_THAT_COUNT runs of a burst; all
further predictions are repeats. Predictions whose source nobody knows count as one source. A
burst ends when its source is silent for MEMORY predictions.
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
RUNS_THAT_COUNT = 2
UNKNOWN = ""


@dataclass(frozen=True)
class Burst:
    """What one source shows at the moment.

    Parameters
    ----------
    classes
        Of the burst.
    class_id, run
        Of its latest run of equal classes, and the bins of that run.
    counted
        Every bin as often as it counted in the burst.
    last
        Position of its latest prediction.
    """

    classes: tuple[int, ...]
    class_id: int
    run: tuple[int, ...]
    counted: tuple[int, ...]
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
        bursts = [[key, *vars(burst).values()] for key, burst in self.open.items()]
        return {"position": self.position, "open": bursts}

    @staticmethod
    def from_json(document: dict[str, Any]) -> BurstState:
        """The state that `to_json` wrote; raises BadInput."""
        try:
            bursts = {
                str(key): Burst(
                    tuple(classes), int(class_id), tuple(run), tuple(counted), int(last)
                )
                for key, classes, class_id, run, counted, last in document["open"]
            }
            return BurstState(int(document["position"]), bursts)
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(
                f"the saved state of bursts cannot be read ({error!r}). Start it anew"
            ) from error


def mark_repeats(
    state: BurstState,
    classes: NDArray[np.int64],
    bins: NDArray[np.int64],
    sources: Sequence[str | None] | None = None,
) -> tuple[BurstState, NDArray[np.bool_]]:
    """Which predictions are repeats; how they are cut into calls makes no difference.

    Parameters
    ----------
    state
        The open bursts before them.
    classes, bins
        ``(n,)`` in order of time.
    sources
        Who sent each; None where nobody knows.

    Returns
    -------
    tuple
        The state afterwards, and ``(n,)`` whether each prediction is a repeat.

    Raises
    ------
    BadInput
        For arrays of different lengths.
    """
    names = [UNKNOWN] * len(classes) if sources is None else sources
    if not len(classes) == len(bins) == len(names):
        raise BadInput(
            "expected one class, one bin and one source a prediction, got "
            f"{len(classes)}, {len(bins)} and {len(names)}"
        )
    bursts, position = dict(state.open), state.position
    repeats = np.zeros(len(classes), dtype=bool)
    triples = zip(classes.tolist(), bins.tolist(), names, strict=True)
    for index, (class_id, bin_id, name) in enumerate(triples):
        position += 1
        source = (name or UNKNOWN)[:MAX_SOURCE_LENGTH]
        burst = bursts.pop(source, None)  # it goes back in at the end
        if burst is None or not _goes_on(burst, class_id, position):
            bursts[source] = Burst((class_id,), class_id, (bin_id,), (bin_id,), position)
        else:
            bursts[source], repeats[index] = _with(burst, class_id, bin_id, position)
        silent = next(iter(bursts))
        if position - bursts[silent].last > MEMORY:
            del bursts[silent]
    return BurstState(position, bursts), repeats


def _goes_on(burst: Burst, class_id: int, position: int) -> bool:
    if position - burst.last > MEMORY:
        return False
    return class_id in burst.classes or len(burst.classes) < CLASSES_IN_A_BURST


def _with(burst: Burst, class_id: int, bin_id: int, position: int) -> tuple[Burst, bool]:
    """The burst with one more prediction, and whether that is a repeat."""
    classes, run, counted = burst.classes, burst.run, burst.counted
    if class_id != burst.class_id:
        run = ()
        if class_id not in classes:
            classes = (*classes, class_id)
    repeat = bin_id in run or counted.count(bin_id) >= RUNS_THAT_COUNT
    if bin_id not in run:
        run = (*run, bin_id)
    if not repeat:
        counted = (*counted, bin_id)
    return Burst(classes, class_id, run, counted, position), repeat
