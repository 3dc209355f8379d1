"""Which physical sign each prediction shows, where nobody names a source.

Several cameras that name none mix their frames, and then no frame repeats the one before it. So a
prediction without a source takes the sign that it shows for one: it shows that of an earlier
prediction of its class if its look is near one of the KEPT latest looks of that sign, among the
latest WITHIN predictions without a source. Near is a distance of 1 (core.model.suspicion.looks).
"""

from __future__ import annotations

import base64
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.records.drift import LOOK, Observed

WITHIN = 500
KEPT = 6
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
    known = np.isfinite(seen.looks.sum(axis=1))
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
            of_class.nearest(seen.looks[row])
            or f"\0sign {position} of class {class_id}, {seen.at[row]}"
        )
        of_class.add(Shown(sign, class_id, position, seen.looks[row]))
        sources[row] = sign
    for of_class in by_class.values():
        of_class.forget(position - WITHIN)
    left = sorted(chain.from_iterable(by_class.values()), key=lambda each: each.position)
    return SignState(position, tuple(left)), replace(seen, sources=sources, looks=None)


@dataclass
class _Class:
    """What was shown of one class, in order of position."""

    shown: list[Shown] = field(default_factory=list)
    looks: NDArray[np.float32] = field(
        default_factory=lambda: np.empty((0, LOOK), dtype=np.float32)
    )

    def __iter__(self) -> Iterator[Shown]:
        return iter(self.shown)

    def forget(self, before: int) -> None:
        """What lies before that position."""
        first = bisect_left(self.shown, before, key=lambda each: each.position)
        self.shown, self.looks = self.shown[first:], self.looks[first:]

    def nearest(self, look: NDArray[np.float16]) -> str:
        """The sign of the look that is nearest and near; empty if none is."""
        if not self.shown:
            return ""
        squared = np.square(self.looks - look).sum(axis=1)
        closest = int(squared.argmin())
        return self.shown[closest].sign if squared[closest] <= 1 else ""

    def add(self, shown: Shown) -> None:
        """One more; of its sign, KEPT stay."""
        own = [row for row, each in enumerate(self.shown) if each.sign == shown.sign]
        if len(own) >= KEPT:
            del self.shown[own[0]]
            self.looks = np.delete(self.looks, own[0], axis=0)
        self.shown.append(shown)
        self.looks = np.vstack([self.looks, shown.look.astype(np.float32)])
