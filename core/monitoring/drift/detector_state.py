"""What the detector remembers between two calls, and its JSON.

The JSON keeps the keys of older versions (`cell`, `evidence`), so that their logs can be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput

VERSION = 1


@dataclass(frozen=True)
class Alarm:
    """An alarm of the detector.

    Parameters
    ----------
    position
        How many predictions, repeats left out, were taken when it came, from 1.
    bin_id
        The bin that it names.
    e_value
        M at that prediction, at least A.
    """

    position: int
    bin_id: int
    e_value: float


@dataclass(frozen=True, eq=False)
class DetectorState:
    """The detector between two predictions, with K bins, B bands and E epsilons.

    Parameters
    ----------
    position
        Predictions taken, repeats left out.
    last
        ``(K,)`` position of each bin's last occurrence, or of the last reset.
    excess
        ``(K, E)`` D after that occurrence.
    sums
        ``(E,)`` weighted sum of D over all bins, now.
    seen, kept
        ``(B * K,)`` occurrences in the stream that q_k counts; those up to the last mark.
    mark
        Where the last mark was set.
    standing
        The first alarm since the last mark that found none.
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
    def cold(bins: int, rest: NDArray[np.float64], *, bands: int = 1) -> DetectorState:
        """Nothing seen, every R = 0, so that every D = -rest."""
        last, none = np.zeros(bins, dtype=np.int64), np.zeros(bands * bins, dtype=np.int64)
        return DetectorState(0, last, np.tile(-rest, (bins, 1)), -rest, none, none, 0, None)

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
            "standing": None if self.standing is None else _alarm_json(self.standing),
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
                None if standing is None else _alarm(standing),
            )
            if (
                seen.shape != kept.shape
                or excess.shape != (*last.shape, *sums.shape)
                or len(seen) % len(last)
            ):
                raise ValueError("its arrays do not fit each other")
            if not (np.isfinite(excess).all() and np.isfinite(sums).all()):
                raise ValueError("it holds numbers that are not finite")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise BadInput(
                f"the detector's saved state cannot be read ({error!r}). Start it anew"
            ) from error
        return state


def _alarm_json(alarm: Alarm) -> dict[str, Any]:
    return {"position": alarm.position, "cell": alarm.bin_id, "evidence": alarm.e_value}


def _alarm(document: dict[str, Any]) -> Alarm:
    return Alarm(document["position"], document["cell"], document["evidence"])
