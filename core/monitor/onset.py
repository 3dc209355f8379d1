"""Since when a cell of the stream has been too frequent, as far as its predictions tell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.monitor.detector import EPSILONS


def onset(in_cell: NDArray[np.bool_], repeats: NDArray[np.bool_], share: float) -> int:
    """The row since which the cell is most likely more frequent than `share` in (0, 1].

    in_cell, repeats: (n,), n >= 1, in order of time up to now. It is the row j that maximises the
    sum over i >= j of log((1 - epsilon) + epsilon 1{in cell} / share), for the best of EPSILONS
    (maximum likelihood of a change point, Page 1954); a repeat in the cell adds nothing.
    """
    epsilon = np.array(EPSILONS)[:, None]
    gain = np.where(in_cell, np.log(1 - epsilon + epsilon / share), np.log(1 - epsilon))
    gain[:, in_cell & repeats] = 0
    until_now = np.cumsum(gain[:, ::-1], axis=1)[:, ::-1]
    return int(until_now.max(axis=0).argmax())
