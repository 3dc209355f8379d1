"""Which classes a violation is about: above the threshold, else gained most on the baseline."""

from core.monitoring.rules.in_force import classes_in_question
from core.records.monitoring import Execution, WindowFigures
from tests.support.records import make_execution


def of(**counts: int) -> Execution:
    found = {int(name.removeprefix("c")): count for name, count in counts.items()}
    figures = WindowFigures(sum(found.values()), found, None, None, None)
    return make_execution(figures=figures, threshold=0.5)


def test_every_class_above_the_threshold() -> None:
    assert classes_in_question(of(c14=6, c2=4), {}) == [14]


def test_else_the_one_that_gained_most_on_the_baseline() -> None:
    # 14 went from 0.1 to 0.3; 2 stands at 0.4, as ever.
    window = of(c14=3, c2=4, c1=3)
    assert classes_in_question(window, {14: 10, 2: 40, 1: 50}) == [14]


def test_without_a_baseline_the_one_predicted_most() -> None:
    assert classes_in_question(of(c14=3, c2=4, c1=3), {}) == [2]


def test_a_window_without_predictions_is_about_none() -> None:
    assert classes_in_question(of(), {14: 10}) == []
