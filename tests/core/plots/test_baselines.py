"""The counts of a baseline by class: every class has its name, and what was never seen a red 0."""

from core.labels import class_name
from core.plots.base import ALARM
from core.plots.baselines import counts_by_class


def test_every_class_stands_there_with_its_name_and_its_count() -> None:
    (bars,) = counts_by_class({1: 3, 14: 1}, 43).data
    assert list(bars.x) == [class_name(class_id) for class_id in range(43)]
    assert [k for k, count in enumerate(bars.y) if count] == [1, 14]
    assert (bars.y[1], bars.y[14]) == (3, 1)


def test_a_class_that_was_never_seen_has_a_red_zero() -> None:
    (bars,) = counts_by_class({0: 2}, 3).data
    assert list(bars.text) == ["", "0", "0"]
    assert bars.textfont.color == ALARM
