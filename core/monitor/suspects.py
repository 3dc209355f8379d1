"""Which classes an execution's violations are about, so that people can look at their pictures."""

from __future__ import annotations

from collections.abc import Mapping

from core.types import Execution


def classes_in_question(execution: Execution, usual: Mapping[int, int]) -> list[int]:
    """Every class above the threshold; where there is none, the one that gained most.

    usual: class id -> predictions of the baseline that the window was compared with; empty where
    there was none, and then the class that gained most is the one predicted most. [] for a window
    without predictions, and for one that was never read.
    """
    shares = execution.figures.shares() if execution.figures else {}
    above = [class_id for class_id, share in shares.items() if share > execution.threshold]
    if above or not shares:
        return above
    total = sum(usual.values()) or 1
    return [max(shares, key=lambda class_id: shares[class_id] - usual.get(class_id, 0) / total)]
