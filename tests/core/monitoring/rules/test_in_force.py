"""Every rule on one window: which of them decide, and what becomes of odd windows and baselines."""

from dataclasses import replace
from typing import Any

import pytest

from core.monitoring.baseline import Baseline
from core.monitoring.evaluate import NO_VIOLATIONS, evaluate
from core.monitoring.formats.constraints import Constraints, FeatureConstraints, MonitoringConfig
from core.monitoring.rules import (
    WINDOW_RULES,
    CategoricalValues,
    ChiSquared,
    ClassShare,
    Completeness,
    LInfinityRobust,
    LInfinitySimple,
)
from core.monitoring.rules.in_force import (
    NOTHING,
    Against,
    classes_in_question,
    outcomes,
    rules_in_force,
)
from core.records.monitoring import (
    Execution,
    ExecutionStatus,
    Outcome,
    RuleState,
    Trigger,
    Violation,
    WindowFigures,
)
from core.records.window import Window
from tests.support.records import NOON, make_execution

EVEN = Baseline(4, {0: 1_000, 1: 1_000, 2: 1_000, 3: 1_000})
SUGGESTED = Against(EVEN, Constraints.suggested(EVEN), "b-1")
NO_BASELINE = "Not computed: there is no baseline to compare with. Create one first"


def figures(counts: dict[int, int], **changes: Any) -> WindowFigures:
    values: dict[str, Any] = {"total": sum(counts.values()), "counts": counts}
    values |= {"mean_confidence": 0.9, "low_confidence": 0, "flagged": 0}
    return WindowFigures(**values | changes)


def constrained(completeness: float = 1.0, **config: Any) -> Against:
    feature = FeatureConstraints("PredictedClass", "String", completeness, domains=("0",))
    return replace(SUGGESTED, constraints=Constraints((feature,), MonitoringConfig(**config)))


def deciding(against: Against) -> list[type]:
    return [type(rule) for rule, decides in rules_in_force(against, 0.5) if decides]


def states(found: WindowFigures, against: Against = SUGGESTED) -> list[str]:
    return [outcome.state.value for outcome in outcomes(found, against, 0.5)]


def run(found: WindowFigures, against: Against = SUGGESTED) -> Execution:
    return evaluate(
        Window(NOON, NOON),
        found,
        threshold=0.5,
        trigger=Trigger.MANUAL,
        started_at=NOON,
        against=against,
    )


# Which rules decide


def test_every_rule_is_there_and_the_suggested_ones_decide() -> None:
    for against in (NOTHING, SUGGESTED):
        found = rules_in_force(against, 0.25)
        assert [type(rule) for rule, _ in found] == list(WINDOW_RULES.values())
        assert found[0][0] == ClassShare(0.25)
        assert deciding(against) == [ClassShare, Completeness, LInfinityRobust, CategoricalValues]


def test_the_constraints_choose_the_method_and_its_threshold() -> None:
    against = constrained(
        0.9, categorical_drift_method="ChiSquared", categorical_comparison_threshold=0.01
    )
    assert deciding(against) == [ClassShare, Completeness, ChiSquared, CategoricalValues]
    rules = [rule for rule, _ in rules_in_force(against, 0.5)]
    assert (Completeness(0.9) in rules, ChiSquared(0.01) in rules) == (True, True)
    assert (LInfinitySimple(0.1) in rules, LInfinityRobust(0.1) in rules) == (True, True)


def test_constraints_that_are_not_evaluated_leave_the_class_share() -> None:
    assert deciding(constrained(evaluate_constraints=False)) == [ClassShare]


# Outcomes


def test_clean_traffic_holds_all_rules() -> None:
    done = run(figures({0: 250, 1: 250, 2: 260, 3: 240}))
    assert [outcome.state for outcome in done.outcomes] == [RuleState.HOLDS] * 6
    assert (done.status, done.message) == (ExecutionStatus.COMPLETED, NO_VIOLATIONS)
    assert done.baseline_id == "b-1"


def test_drift_below_the_blog_s_threshold_is_a_violation_of_the_rules_with_a_baseline() -> None:
    done = run(figures({0: 490, 1: 170, 2: 170, 3: 170}))
    assert [outcome.state.value for outcome in done.outcomes] == [
        "holds",
        "holds",
        "violated",
        "violated",
        "violated",
        "holds",
    ]
    # 0.49 - 0.25, less 1.8 sqrt(5,000 / 4,000,000)
    assert done.message == (
        "CompletedWithViolations: Baseline drift distance: 0.1764 exceeds threshold: 0.1"
    )
    assert [each.constraint_check_type for each in done.violations] == ["baseline_drift_check"]


def test_a_violation_that_names_its_class_comes_before_a_bare_distance() -> None:
    named = Violation("PredictedClass", "baseline_drift_check", "Class 0 is more frequent")
    stream = Outcome("drift detector, class", RuleState.VIOLATED, 1.0, 1.0, "", (named,))
    done = evaluate(
        Window(NOON, NOON),
        figures({0: 490, 1: 170, 2: 170, 3: 170}),
        threshold=0.5,
        trigger=Trigger.ALARM,
        started_at=NOON,
        against=SUGGESTED,
        beside=[stream],
    )
    assert done.message == "CompletedWithViolations: Class 0 is more frequent"
    assert [each.description for each in done.violations] == [
        "Class 0 is more frequent",
        "Baseline drift distance: 0.1764 exceeds threshold: 0.1",
    ]


def test_rules_for_comparison_do_not_decide() -> None:
    done = run(figures({0: 39, 1: 21, 2: 20, 3: 20}))
    violated = [outcome for outcome in done.outcomes if outcome.state is RuleState.VIOLATED]
    assert [outcome.rule for outcome in violated] == [LInfinitySimple.name, ChiSquared.name]
    assert [outcome.decides for outcome in violated] == [False, False]
    assert (done.message, done.violations) == (NO_VIOLATIONS, ())


@pytest.mark.parametrize("against", [NOTHING, SUGGESTED], ids=["without", "with a baseline"])
def test_the_class_share_says_what_the_blog_says(against: Against) -> None:
    done = run(figures({2: 322, 1: 78}), against)
    assert done.message == (
        "CompletedWithViolations: Class 2 predicted 80.50% of the time: Exceeded 50.00% threshold"
    )
    assert done.violations[0].description == done.message.partition(": ")[2]


def test_without_a_baseline_the_others_are_not_computed() -> None:
    done = run(figures({1: 2, 2: 2}), NOTHING)
    assert [outcome.sentence for outcome in done.outcomes][2:] == [NO_BASELINE] * 4
    assert (done.status, done.message) == (ExecutionStatus.COMPLETED, NO_VIOLATIONS)
    assert done.baseline_id is None


def test_a_baseline_that_does_not_serve_says_why() -> None:
    done = run(figures({1: 2, 2: 2}), Against(baseline_id="b-1", problem="it is of another model"))
    assert [outcome.sentence for outcome in done.outcomes][2:] == [
        "Not computed: it is of another model"
    ] * 4
    assert done.baseline_id == "b-1"


# Odd windows


def test_an_empty_window_computes_nothing() -> None:
    done = run(figures({}, mean_confidence=None))
    assert [outcome.state for outcome in done.outcomes] == [RuleState.NOT_COMPUTED] * 6
    assert done.status is ExecutionStatus.FAILED


def test_one_prediction() -> None:
    assert states(figures({0: 1})) == [
        "violated",
        "holds",
        "violated",
        "holds",
        "not computed",
        "holds",
    ]


def test_a_class_that_the_baseline_never_saw() -> None:
    lacking = replace(SUGGESTED, baseline=Baseline(4, {0: 1_000, 1: 1_000, 2: 1_000}))
    found = figures({0: 300, 1: 300, 2: 300, 3: 600})
    done = run(found, lacking)
    assert done.status is ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    assert done.outcomes[4].sentence == (
        "Baseline drift p-value: 0 is below threshold: 0.1; 600 of classes that the baseline never "
        "saw"
    )


def test_a_class_outside_the_label_set() -> None:
    done = run(figures({0: 100, 1: 100, 2: 100, 3: 99, 9: 1}))
    assert done.message == (
        "CompletedWithViolations: Only 99.75% of predictions are of the 4 classes of the baseline, "
        "expected at least 100.00%; unknown: 9"
    )


def test_unreadable_records_that_nothing_looks_at_are_no_silent_pass() -> None:
    unread = figures({}, total=3, unreadable=3, mean_confidence=None)
    assert run(unread).message == (
        "CompletedWithViolations: 3 of 3 records (100.00%) could not be read"
    )
    done = run(unread, constrained(completeness=0.0))
    assert done.status is ExecutionStatus.FAILED
    assert done.message == "Failed: Not computed: the window holds no prediction"
    assert done.outcomes[1].state is RuleState.VIOLATED


# Classes in question


def run_of(**counts: int) -> Execution:
    found = {int(name.removeprefix("c")): count for name, count in counts.items()}
    figures = WindowFigures(sum(found.values()), found, None, None, None)
    return make_execution(figures=figures, threshold=0.5)


def test_every_class_above_the_threshold() -> None:
    assert classes_in_question(run_of(c14=6, c2=4), {}) == [14]


def test_then_the_classes_that_alarms_name() -> None:
    """14 gained most, and the alarm is about 9."""
    alarm = Outcome(
        "drift detector", RuleState.VIOLATED, 9.0, 5.0, "9 alarms", decides=True, class_ids=(9, 2)
    )
    beside = replace(alarm, class_ids=(3,), decides=False)
    run = replace(run_of(c14=3, c2=4, c1=3), outcomes=(beside, alarm))
    assert classes_in_question(run, {14: 10, 2: 40, 1: 50}) == [9, 2]
    above = replace(run_of(c2=6, c14=4), outcomes=(alarm,))
    assert classes_in_question(above, {14: 10, 2: 90}) == [2, 9]


def test_else_the_one_that_gained_most_on_the_baseline() -> None:
    # 14 went from 0.1 to 0.3; 2 stands at 0.4, as ever.
    window = run_of(c14=3, c2=4, c1=3)
    assert classes_in_question(window, {14: 10, 2: 40, 1: 50}) == [14]


def test_what_is_gained_is_a_share_however_many_predictions_the_baseline_holds() -> None:
    # 2 gained 0.15, 14 gained 0.05, 1 lost 0.2.
    window = run_of(c2=9, c14=2, c1=9)
    assert classes_in_question(window, {2: 300, 14: 50, 1: 650}) == [2]


def test_without_a_baseline_the_one_predicted_most() -> None:
    assert classes_in_question(run_of(c14=3, c2=4, c1=3), {}) == [2]


def test_a_window_without_predictions_is_about_none() -> None:
    assert classes_in_question(run_of(), {14: 10}) == []
