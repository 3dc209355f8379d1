"""How often the intervals that are shown hold the truth, where images of a track are alike.

Each of TRIALS data sets draws the shares of its tracks from a beta distribution around the true one
with the correlation that suspicion's flags have on real tracks, and shows the interval of what it
finds. The least and the most often of all sizes are shown; one track has no interval.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from core.evaluation import intervals
from tests.benchmarks.monitor import over_seeds
from tests.benchmarks.rows import Row, Rows, seed

IMAGES = (30, 100, 1_000)
SHARES = (0.5, 0.9, 0.99, 1.0)
TRACKS = (2, 5, 20, 66, 200)
CORRELATION = 0.46
TRIALS = 400
LEAST, MOST = 0.93, 0.99


def rows() -> Rows:
    """For each true share, the least and the most often."""
    for share in SHARES:
        sizes = [(n, tracks) for n in IMAGES for tracks in TRACKS if tracks <= n]
        found = over_seeds(partial(coverage, share, sizes, seed()), len(sizes))
        yield Row(
            f"intervals of a share of {share:g} hold it, least often", min(found), LEAST, True
        )
        yield Row(f"intervals of a share of {share:g} hold it, most often", max(found), MOST, False)


def coverage(share: float, sizes: list[tuple[int, int]], base: int, number: int) -> float:
    """How often it is held by intervals of that many images of that many tracks."""
    images, tracks = sizes[number]
    rng = np.random.default_rng([base, number, round(100 * share)])
    of_track = np.arange(images) * tracks // images
    held = 0
    for _ in range(TRIALS):
        values = (rng.random(images) < _of_tracks(share, tracks, rng)[of_track]).astype(float)
        found = intervals.share(values, of_track)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= share <= found.high
    return held / TRIALS


def _of_tracks(share: float, tracks: int, rng: np.random.Generator) -> np.ndarray:
    """The shares of tracks; all alike where nothing varies."""
    if share == 1:
        return np.ones(tracks)
    alike = 1 / CORRELATION - 1
    return rng.beta(share * alike, (1 - share) * alike, tracks)
