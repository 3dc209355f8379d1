"""Completeness: how many records could be read."""

from hypothesis import strategies as st

from core.monitoring.rules import (
    Completeness,
)
from core.records.monitoring import RuleState, Violation
from tests.support.windows import figures, says

counts = st.dictionaries(st.integers(0, 3), st.integers(1, 1000), min_size=1)


def test_completeness() -> None:
    partly = figures({1: 9}, total=10, unreadable=1)
    words = "90.00% of 10 records could be read"
    violated = Completeness(1.0)(partly, None)
    assert says(violated) == (RuleState.VIOLATED, 0.9, words)
    assert violated.violations == (
        Violation(
            "PredictedClass", "completeness_check", "1 of 10 records (10.00%) could not be read"
        ),
    )
    assert says(Completeness(0.9)(partly, None)) == (RuleState.HOLDS, 0.9, words)
