"""statistics.json and constraints.json as documents, whole and damaged."""

import copy
import json
from typing import Any

import numpy as np

from core.monitoring.baseline import Baseline
from core.monitoring.formats.constraints import Constraints, write_constraints
from core.monitoring.formats.statistics import write_statistics

BASELINE = Baseline.of(
    3,
    np.array([0, 2, 2, 2]),
    flagged=np.array([False, True, False, False]),
    confidences=np.array([0.25, 1.0, 0.5, 0.75]),
    p_values=np.array([0.5]),
)


CONSTRAINTS = Constraints.suggested(BASELINE)


def statistics() -> dict[str, Any]:
    """statistics.json of BASELINE."""
    document: dict[str, Any] = json.loads(write_statistics(BASELINE))
    return document


def constraints() -> dict[str, Any]:
    """constraints.json of CONSTRAINTS."""
    document: dict[str, Any] = json.loads(write_constraints(CONSTRAINTS))
    return document


def encoded(document: object) -> bytes:
    """A document as the bytes of a file."""
    return json.dumps(document).encode()


def change(document: Any, path: list[Any], value: Any) -> bytes:
    """The file with one entry replaced."""
    changed = copy.deepcopy(document)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return encoded(changed)
