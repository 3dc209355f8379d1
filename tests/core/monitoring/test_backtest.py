"""Backtest over the log: equal to runs, and previews of edits."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.errors import BadInput, NotFound
from core.monitoring.backtest import PREVIEWED
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import EDITED, files_of
from core.monitoring.rules import WINDOW_RULES, ClassShare
from core.records.backtest import Windows
from core.records.baselines import NO_COMPARISON, ConstraintSettings
from core.records.monitoring import MonitorSettings
from core.records.window import Window, now
from core.services import Services
from tests.support.expect import raises
from tests.support.records import NOON, make_capture, make_prediction

HOUR = timedelta(hours=1)
EVERY_CLASS = Baseline(43, dict.fromkeys(range(43), 100))


def put(signwatch: Services, at: datetime, counts: dict[int, int]) -> None:
    signwatch.log.append(
        [
            make_capture(prediction=make_prediction(k), inferred_at=at)
            for k, n in counts.items()
            for _ in range(n)
        ],
        [],
    )


@pytest.fixture
def hours(signwatch: Services) -> Windows:
    """Four hours after noon: even, Stop, nothing, drifted."""
    signwatch.monitoring.baselines.add(files_of(EVERY_CLASS), origin="every class")
    put(signwatch, NOON, dict.fromkeys(range(43), 2))
    put(signwatch, NOON + HOUR, {14: 8, 1: 2})
    put(signwatch, NOON + 3 * HOUR, {2: 40, 1: 60, 3: 20})
    return Windows.every(HOUR, NOON, NOON + 4 * HOUR, HOUR)


@pytest.mark.parametrize("rule", WINDOW_RULES)
def test_a_replay_is_equal_to_runs(signwatch: Services, hours: Windows, rule: str) -> None:
    past = signwatch.monitoring.backtest.look_back(hours)
    replayed = signwatch.monitoring.backtest.replay(
        past, rule, signwatch.monitoring.backtest.parameters()[rule]
    )
    for end, replayed_outcome in zip(hours.ends, replayed.outcomes, strict=True):
        executed = signwatch.monitoring.run(Window(end - HOUR, end))
        (outcome,) = [each for each in executed.outcomes if each.rule == rule]
        assert replace(replayed_outcome, decides=outcome.decides) == outcome


def test_another_parameter_has_other_alarms(signwatch: Services, hours: Windows) -> None:
    past = signwatch.monitoring.backtest.look_back(hours)
    found = [
        signwatch.monitoring.backtest.replay(past, ClassShare.name, threshold).violated
        for threshold in (0.9, 0.6, 0.4, 0.01)
    ]
    assert found == [(), (1,), (1, 3), (0, 1, 3)]
    with raises(
        BadInput,
        "class share (SageMaker-compatible): largest share must lie in (0, 1], got 0",
    ):
        signwatch.monitoring.backtest.replay(past, ClassShare.name, 0)


def test_windows_end_every_so_many_minutes_or_by_a_schedule(signwatch: Services) -> None:
    windows = signwatch.monitoring.backtest.windows
    found = windows(NOON, NOON + 2 * HOUR, HOUR / 2, "45")
    assert found.ends == (NOON + HOUR / 2, NOON + 5 * HOUR / 4, NOON + 2 * HOUR)
    assert found.length == HOUR / 2
    found = windows(NOON, NOON + 2 * HOUR, 3 * HOUR, "cron(0/40 * ? * * *)")
    minutes = [(end - NOON) // timedelta(minutes=1) for end in found.ends]
    assert (minutes, found.length) == ([40, 60, 100, 120], 3 * HOUR)


def test_one_endpoint_of_several(signwatch: Services, hours: Windows) -> None:
    assert signwatch.monitoring.backtest.look_back(hours).holds_anything
    assert not signwatch.monitoring.backtest.look_back(hours, "cars").holds_anything


# Editing


def test_edits_are_previewed_on_the_latest_windows(signwatch: Services) -> None:
    signwatch.monitoring.baselines.add(files_of(EVERY_CLASS), origin="every class")
    signwatch.monitoring.set_settings(MonitorSettings(0.5, 30))
    put(signwatch, now() - timedelta(minutes=5), {2: 40, 1: 60, 3: 20, 4: 60})
    put(signwatch, now() - timedelta(minutes=95), dict.fromkeys(range(43), 5))
    found = signwatch.monitoring.baselines.in_force()
    assert found is not None
    settings = found.settings
    preview = signwatch.monitoring.backtest.preview(settings)
    assert len(preview.past.windows) == PREVIEWED
    assert preview.past.windows.length == timedelta(minutes=30)
    assert preview.before == preview.after == (PREVIEWED - 1,)
    assert (
        signwatch.monitoring.backtest.preview(replace(settings, method=NO_COMPARISON)).after == ()
    )
    strict = signwatch.monitoring.backtest.preview(replace(settings, comparison=0.0001))
    assert (strict.before, strict.after) == ((PREVIEWED - 1,), (PREVIEWED - 1,))
    assert len(signwatch.monitoring.baselines.all()) == 1


def test_a_preview_needs_a_baseline(signwatch: Services) -> None:
    edit = ConstraintSettings(True, NO_COMPARISON, 0.1, 1.0, 1.0)
    with raises(BadInput, "there is no baseline to compare with. Create one first"):
        signwatch.monitoring.backtest.preview(edit)
    with raises(NotFound, "there is no baseline yet whose constraints could be edited"):
        signwatch.monitoring.baselines.edit(edit)


@pytest.mark.parametrize("every", ["", "x", "-5", "²", "9" * 10, "9" * 5000])
def test_steps_that_are_neither_minutes_nor_a_schedule_are_refused(
    signwatch: Services, every: str
) -> None:
    with pytest.raises(BadInput, match=r"^expected cron\(minutes hours "):
        signwatch.monitoring.backtest.windows(NOON, NOON + HOUR, HOUR, every)


def test_steps_are_minutes_or_a_schedule(signwatch: Services) -> None:
    windows = signwatch.monitoring.backtest.windows
    ends = (NOON + HOUR, NOON + 2 * HOUR)
    assert windows(NOON, NOON + 2 * HOUR, HOUR, " 60 ").ends == ends
    assert windows(NOON, NOON + 2 * HOUR, HOUR, "cron(0 * ? * * *)").ends == ends
    with raises(BadInput, "a step must be longer than 0 minutes, got 0"):
        windows(NOON, NOON + HOUR, HOUR, "0")


def test_an_edit_is_a_baseline_of_its_own(signwatch: Services) -> None:
    first = signwatch.monitoring.baselines.add(files_of(EVERY_CLASS), origin="every class")
    before = signwatch.monitoring.baselines.files(first.baseline_id)
    settings = ConstraintSettings(True, NO_COMPARISON, 0.1, 0.5, 1.0)
    second = signwatch.monitoring.baselines.edit(settings)
    third = signwatch.monitoring.baselines.edit(replace(settings, completeness=0.25))
    assert [each.origin for each in signwatch.monitoring.baselines.all()] == [
        f"every class{EDITED}",
        f"every class{EDITED}",
        "every class",
    ]
    assert signwatch.monitoring.baselines.in_force_id() == third.baseline_id
    assert signwatch.monitoring.baselines.files(first.baseline_id) == before
    files = signwatch.monitoring.baselines.files(second.baseline_id)
    assert files.statistics == before.statistics
    found = signwatch.monitoring.baselines.in_force()
    assert found is not None and found.settings.completeness == 0.25
