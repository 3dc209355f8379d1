"""The class share, in the words of the blog."""

from hypothesis import strategies as st

from core.monitoring.rules import (
    ClassShare,
)
from core.records.monitoring import Outcome, RuleState, Violation
from tests.support.windows import figures, says

counts = st.dictionaries(st.integers(0, 3), st.integers(1, 1000), min_size=1)


def test_the_class_share_in_the_words_of_the_blog() -> None:
    outcome = ClassShare(0.5)(figures({14: 322, 1: 78}), None)
    words = "Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold"
    assert outcome == Outcome(
        "class share (SageMaker-compatible)",
        RuleState.VIOLATED,
        0.805,
        0.5,
        words,
        (Violation("PredictedClass", "baseline_drift_check", words),),
    )
    held = ClassShare(0.5)(figures({14: 50, 1: 50}), None)
    assert says(held) == (RuleState.HOLDS, 0.5, "Class 1 holds the largest share, 50.00%")
    assert held.violations == ()
