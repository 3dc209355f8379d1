"""What a situation says first, and whether it is calm."""

from dataclasses import replace

from core.records.monitoring import WindowFigures
from core.records.situation import ClassInQuestion, Situation
from core.records.window import Window
from tests.support.records import NOON

STOP = ClassInQuestion(14, 0.78, 0.02, NOON, "lab", 671)
NINE = replace(STOP, class_id=9)
CALM = Situation(Window(NOON, NOON), WindowFigures(0, {}, None, None, None), 0.5, None, (), None, 0)


def test_a_class_above_the_threshold_comes_before_an_alarm() -> None:
    assert CALM.question is None
    assert replace(CALM, above=STOP, named=NINE).question == STOP
    assert replace(CALM, named=NINE).question == NINE


def test_it_is_calm_without_both() -> None:
    assert CALM.calm
    assert not replace(CALM, above=STOP).calm
    assert not replace(CALM, alarms=("class 9",)).calm
