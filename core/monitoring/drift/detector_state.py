"""What the stream detector remembers between two calls, and its JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput

VERSION = 1


@dataclass(frozen=True)
class Alarm:
    """position: how many predictions were taken when it came, from 1; cell: the one named."""

    position: int
    cell: int
    evidence: float


@dataclass(frozen=True, eq=False)
class DetectorState:
    """The stream detector between two predictions. K cells, E epsilons.

    position: predictions taken. last: (K,) position of each cell's last occurrence (or reset).
    excess: (K, E) D after that occurrence. sums: (E,) weighted sum of D over cells, now.
    seen: (K,) occurrences in the stream that q_k counts; kept: those up to the last mark.
    mark: where it was set. standing: the first alarm since the last mark that found none.
    """

    position: int
    last: NDArray[np.int64]
    excess: NDArray[np.float64]
    sums: NDArray[np.float64]
    seen: NDArray[np.int64]
    kept: NDArray[np.int64]
    mark: int
    standing: Alarm | None

    @staticmethod
    def cold(cells: int, rest: NDArray[np.float64]) -> DetectorState:
        """Nothing seen, every R = 0, so that every D = -rest."""
        none = np.zeros(cells, dtype=np.int64)
        return DetectorState(0, none, np.tile(-rest, (cells, 1)), -rest, none, none, 0, None)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; `from_json` gives back the same state to the last bit."""
        return {
            "version": VERSION,
            "position": self.position,
            "last": self.last.tolist(),
            "excess": self.excess.tolist(),
            "sums": self.sums.tolist(),
            "seen": self.seen.tolist(),
            "kept": self.kept.tolist(),
            "mark": self.mark,
            "standing": None if self.standing is None else asdict(self.standing),
        }

    @staticmethod
    def from_json(document: dict[str, Any]) -> DetectorState:
        """The state that `to_json` wrote; raises BadInput."""
        try:
            if document["version"] != VERSION:
                raise ValueError(f"version {document['version']!r} is not {VERSION}")
            last, seen, kept = (
                np.array(document[name], dtype=np.int64) for name in ("last", "seen", "kept")
            )
            excess = np.array(document["excess"], dtype=np.float64)
            sums = np.array(document["sums"], dtype=np.float64)
            standing = document["standing"]
            state = DetectorState(
                int(document["position"]),
                last,
                excess,
                sums,
                seen,
                kept,
                int(document["mark"]),
                None if standing is None else Alarm(**standing),
            )
            if not last.shape == seen.shape == kept.shape or excess.shape != (
                *last.shape,
                *sums.shape,
            ):
                raise ValueError("its arrays do not fit each other")
            if not (np.isfinite(excess).all() and np.isfinite(sums).all()):
                raise ValueError("it holds numbers that are not finite")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise BadInput(
                f"the detector's saved state cannot be read ({error!r}). Start it anew"
            ) from error
        return state
