"""Baselines as the log keeps them, and the settings of their constraints."""

from core.monitoring.formats.constraints_edit import METHODS
from core.monitoring.rules import WINDOW_RULES
from core.records.baselines import COMPARISON_METHODS, NO_COMPARISON, StoredBaseline
from tests.support.records import NOON


def test_a_baseline_for_programs() -> None:
    assert StoredBaseline("b-1", "captures of the morning", NOON, 7).to_json() == {
        "baseline_id": "b-1",
        "origin": "captures of the morning",
        "created_at": "2026-02-14T12:00:00+00:00",
        "predictions": 7,
    }


def test_every_method_but_the_last_is_a_rule_on_windows() -> None:
    *rules, last = COMPARISON_METHODS
    assert set(rules) <= WINDOW_RULES.keys()
    assert last == NO_COMPARISON
    assert tuple(METHODS) == COMPARISON_METHODS
