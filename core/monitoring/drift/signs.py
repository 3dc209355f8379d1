"""Which physical sign each prediction shows, where nobody names a source.

Several cameras that name none mix their frames, and then no frame repeats the one before it. So a
prediction without a source takes the sign that it shows for one: it shows that of an earlier
prediction of its class if its look is near one of the KEPT latest looks of that sign, among the
latest WITHIN predictions without a source. Near is a distance of 1 (core.model.suspicion.looks).
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.records.drift import LOOK, Observed

WITHIN = 500
KEPT = 6
ROWS = 64  # of looks, at first
PACKED = "<f2"


@dataclass(frozen=True)
class Shown:
    """One prediction: its sign, its class, its position among those without a source, its look."""

    sign: str
    class_id: int
    position: int
    look: NDArray[np.float16]


@dataclass(frozen=True)
class SignState:
    """position: predictions without a source so far; shown: what later ones are compared with."""

    position: int = 0
    shown: tuple[Shown, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, as `from_json` reads it."""
        looks = b"".join(each.look.astype(PACKED).tobytes() for each in self.shown)
        return {
            "position": self.position,
            "shown": [[each.sign, each.class_id, each.position] for each in self.shown],
            "looks": base64.b64encode(looks).decode(),
        }

    @staticmethod
    def from_json(document: dict[str, Any]) -> SignState:
        """The state that `to_json` wrote; raises BadInput."""
        try:
            looks = np.frombuffer(base64.b64decode(document["looks"]), PACKED).reshape(-1, LOOK)
            shown = tuple(
                Shown(str(sign), int(class_id), int(position), look)
                for (sign, class_id, position), look in zip(document["shown"], looks, strict=True)
            )
            return SignState(int(document["position"]), shown)
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(
                f"the saved state of signs cannot be read ({error!r}). Start it anew"
            ) from error


def name_signs(state: SignState, seen: Observed) -> tuple[SignState, Observed]:
    """Predictions without a source get their sign for one; how they are cut makes no difference.

    Those whose look is not known stay without a source.
    """
    if seen.looks is None:
        return state, seen
    looks = seen.looks.astype(np.float32)
    known = np.isfinite(looks.sum(axis=1))
    by_class: dict[int, _Class] = {}
    for each in state.shown:
        by_class.setdefault(each.class_id, _Class()).add(each)
    position, sources = state.position, list(seen.sources)
    for row, source in enumerate(seen.sources):
        if source or not known[row]:
            continue
        position += 1
        class_id = int(seen.class_ids[row])
        of_class = by_class.setdefault(class_id, _Class())
        of_class.forget(position - WITHIN)
        sign = (
            of_class.nearest(looks[row]) or f"\0sign {position} of class {class_id}, {seen.at[row]}"
        )
        of_class.add(Shown(sign, class_id, position, seen.looks[row]))
        sources[row] = sign
    for of_class in by_class.values():
        of_class.forget(position - WITHIN)
    left = sorted(chain.from_iterable(by_class.values()), key=lambda each: each.position)
    return SignState(position, tuple(left)), replace(seen, sources=sources, looks=None)


class _Class:
    """What was shown of one class, in order of position: row by row, dead ones among them."""

    def __init__(self) -> None:
        self._shown: list[Shown] = []
        self._looks = np.empty((ROWS, LOOK), dtype=np.float32)  # infinitely far where dead
        self._first = 0  # row that is not forgotten
        self._rows: dict[str, deque[int]] = {}  # of each sign, those alive

    def __iter__(self) -> Iterator[Shown]:
        return (self._shown[row] for row in sorted(chain.from_iterable(self._rows.values())))

    def forget(self, before: int) -> None:
        """What lies before that position."""
        while self._first < len(self._shown) and self._shown[self._first].position < before:
            rows = self._rows.get(self._shown[self._first].sign, deque())
            if rows and rows[0] == self._first:
                self._bury(self._shown[self._first].sign)
            self._first += 1

    def nearest(self, look: NDArray[np.float32]) -> str:
        """The sign of the look that is nearest and near; empty if none is."""
        off = self._looks[self._first : len(self._shown)] - look
        if not len(off):
            return ""
        squared = np.einsum("ij,ij->i", off, off)
        closest = int(squared.argmin())
        return self._shown[self._first + closest].sign if squared[closest] <= 1 else ""

    def add(self, shown: Shown) -> None:
        """One more; of its sign, KEPT stay."""
        if len(self._shown) == len(self._looks):
            self._make_room()
        rows = self._rows.setdefault(shown.sign, deque())
        rows.append(len(self._shown))
        self._looks[len(self._shown)] = shown.look
        self._shown.append(shown)
        if len(rows) > KEPT:
            self._bury(shown.sign)

    def _bury(self, sign: str) -> None:
        """The oldest row of a sign."""
        rows = self._rows[sign]
        self._looks[rows.popleft()] = np.inf
        if not rows:
            del self._rows[sign]

    def _make_room(self) -> None:
        alive = list(self)
        self._shown, self._rows, self._first = [], {}, 0
        self._looks = np.empty((ROWS + 2 * len(alive), LOOK), dtype=np.float32)
        for each in alive:
            self.add(each)
