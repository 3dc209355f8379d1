"""The detector's evidence over time, thinned for a chart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def thinned(
    evidence: NDArray[np.float64], *, first: int, points: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """At most `points` (position, evidence), the highest of every stretch: no alarm is lost.

    evidence: (n,) as `Detector.feed` gives it; first: position of its first prediction, from 1.
    """
    if len(evidence) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0)
    stretches = min(points, len(evidence))
    starts = np.arange(stretches) * len(evidence) // stretches
    highest = np.maximum.reduceat(evidence, starts)
    ends = np.append(starts[1:], len(evidence))
    chosen = [
        int(a + evidence[a:b].argmax()) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    return np.array(chosen, dtype=np.int64) + first, highest
