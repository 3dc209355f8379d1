"""Classes that the baseline does not have."""

from hypothesis import strategies as st

from core.monitoring.rules import (
    CategoricalValues,
)
from core.records.monitoring import RuleState, Violation
from tests.support.windows import EVEN, figures, says

counts = st.dictionaries(st.integers(0, 3), st.integers(1, 1000), min_size=1)


def test_classes_outside_the_domain() -> None:
    window = figures({0: 96, 7: 3, 5: 1})
    violated = CategoricalValues(1.0)(window, EVEN)
    words = (
        "Only 96.00% of predictions are of the 4 classes of the baseline, expected at least "
        "100.00%; unknown: 5, 7"
    )
    assert says(violated) == (RuleState.VIOLATED, 0.96, words)
    negative = CategoricalValues(1.0)(figures({0: 96, -1: 3, 4: 1}), EVEN)
    assert negative.sentence == words.replace("5, 7", "-1, 4")
    assert violated.violations == (Violation("PredictedClass", "categorical_values_check", words),)
    held = CategoricalValues(0.9)(window, EVEN)
    assert says(held) == (RuleState.HOLDS, 0.96, "96.00% of predictions are of known classes")
