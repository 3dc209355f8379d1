"""The smallest stretch of a change that survives rounding to 8 bit."""

from __future__ import annotations

import torch
from torch import Tensor

from core.attacks.task import Task

FIRST_OVERSHOOT = 0.02
MAX_OVERSHOOT = 20.48


def stretched(task: Task, pixels: Tensor, overshoot: float = 0.0) -> Tensor:
    """Pixels with the smallest overshoot whose 8-bit images are misclassified, too.

    pixels: (batch, 3, height, width), misclassified, just beyond a boundary, where rounding may
    throw them back: clean + (1 + overshoot) r. The overshoot is doubled (0.02, 0.04, ...) up to at
    most `MAX_OVERSHOOT`; where that is not enough, pixels stay as they were.
    """
    settled = pixels.clone()
    rows = torch.nonzero(~task.survives(pixels)).flatten()
    larger = max(2 * overshoot, FIRST_OVERSHOOT)
    while len(rows) and larger <= MAX_OVERSHOOT:
        part = task.take(rows)
        stretch = (1 + larger) / (1 + overshoot)
        longer = part.project(part.clean + stretch * (pixels[rows] - part.clean))
        survived = part.survives(longer)
        settled[rows[survived]] = longer[survived]
        rows = rows[~survived]
        larger *= 2
    return settled
