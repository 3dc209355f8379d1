"""The settings at which attacks are compared, the same for both sides."""

from __future__ import annotations

from typing import Any

EPSILON = 8 / 255
EPSILON_L2 = 0.5

SETTINGS: dict[str, dict[str, Any]] = {
    "fgsm": {},
    "bim": {"steps": 10, "step_size": 2 / 255},
    "pgd": {"steps": 20, "step_size": 2 / 255},
    "pgd_l2": {"steps": 20, "step_size": 0.1},
    "mi_fgsm": {"steps": 10, "step_size": 0.8 / 255},
    "deepfool": {"steps": 50, "candidates": 9},
    "cw": {"steps": 20, "searches": 2, "step_size": 0.05, "constant": 1.0},
    "apgd_ce": {"steps": 20},
    "apgd_dlr": {"steps": 20},
    "square": {"steps": 52},
}

# How often attacks are run whose success hangs on their draws; the mean counts.
DRAWS = {"square": 2}

# PGD against the clock.
FIXED = {"steps": 10, "step_size": 2 / 255}
SOLVED = {"steps": 40, "step_size": 2 / 255}
