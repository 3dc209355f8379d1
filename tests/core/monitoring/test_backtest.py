"""What would have happened, over the log: equal to executions, and previews of edits."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.errors import BadInput, NotFound
from core.monitoring.backtest import PREVIEWED
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import EDITED, files_of
from core.monitoring.formats.constraints_edit import NONE, Deciding
from core.monitoring.rules.window import WINDOW_RULES, ClassShare
from core.records.backtest import Windows
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
    signwatch.baselines.add(files_of(EVERY_CLASS), origin="every class")
    put(signwatch, NOON, dict.fromkeys(range(43), 2))
    put(signwatch, NOON + HOUR, {14: 8, 1: 2})
    put(signwatch, NOON + 3 * HOUR, {2: 40, 1: 60, 3: 20})
    return Windows.every(HOUR, NOON, NOON + 4 * HOUR, HOUR)


@pytest.mark.parametrize("rule", WINDOW_RULES)
def test_a_replay_says_what_executions_say(signwatch: Services, hours: Windows, rule: str) -> None:
    past = signwatch.what_if.look_back(hours)
    replayed = signwatch.what_if.replay(past, rule, signwatch.what_if.parameters()[rule])
    for end, said in zip(hours.ends, replayed.outcomes, strict=True):
        executed = signwatch.run_monitor(Window(end - HOUR, end))
        (outcome,) = [each for each in executed.outcomes if each.rule == rule]
        assert replace(said, decides=outcome.decides) == outcome


def test_another_parameter_has_other_alarms(signwatch: Services, hours: Windows) -> None:
    past = signwatch.what_if.look_back(hours)
    found = [
        signwatch.what_if.replay(past, ClassShare.name, threshold).violated
        for threshold in (0.9, 0.6, 0.4, 0.01)
    ]
    assert found == [(), (1,), (1, 3), (0, 1, 3)]
    with raises(
        BadInput,
        "class share (SageMaker-compatible): largest share must lie in (0, 1], got 0",
    ):
        signwatch.what_if.replay(past, ClassShare.name, 0)


def test_one_endpoint_of_several(signwatch: Services, hours: Windows) -> None:
    assert signwatch.what_if.look_back(hours).holds_anything
    assert not signwatch.what_if.look_back(hours, "cars").holds_anything


# Editing


def test_edits_are_previewed_on_the_latest_windows(signwatch: Services) -> None:
    signwatch.baselines.add(files_of(EVERY_CLASS), origin="every class")
    signwatch.set_monitor_settings(MonitorSettings(0.5, 30))
    put(signwatch, now() - timedelta(minutes=5), {2: 40, 1: 60, 3: 20, 4: 60})
    put(signwatch, now() - timedelta(minutes=95), dict.fromkeys(range(43), 5))
    found = signwatch.baselines.in_force()
    assert found is not None
    deciding = Deciding.of(found.constraints)
    preview = signwatch.what_if.preview(deciding)
    assert len(preview.past.windows) == PREVIEWED
    assert preview.past.windows.length == timedelta(minutes=30)
    assert preview.before == preview.after == (PREVIEWED - 1,)
    assert signwatch.what_if.preview(replace(deciding, method=NONE)).after == ()
    strict = signwatch.what_if.preview(replace(deciding, comparison=0.0001))
    assert (strict.before, strict.after) == ((PREVIEWED - 1,), (PREVIEWED - 1,))
    assert len(signwatch.baselines.all()) == 1


def test_a_preview_needs_a_baseline(signwatch: Services) -> None:
    edit = Deciding(True, NONE, 0.1, 1.0, 1.0)
    with raises(BadInput, "there is no baseline to compare with. Create one first"):
        signwatch.what_if.preview(edit)
    with raises(NotFound, "there is no baseline yet whose constraints could be edited"):
        signwatch.baselines.edit(edit)


def test_an_edit_is_a_baseline_of_its_own(signwatch: Services) -> None:
    first = signwatch.baselines.add(files_of(EVERY_CLASS), origin="every class")
    before = signwatch.baselines.files(first.baseline_id)
    edited = Deciding(True, NONE, 0.1, 0.5, 1.0)
    second = signwatch.baselines.edit(edited)
    third = signwatch.baselines.edit(replace(edited, completeness=0.25))
    assert [each.origin for each in signwatch.baselines.all()] == [
        f"every class{EDITED}",
        f"every class{EDITED}",
        "every class",
    ]
    assert signwatch.baselines.in_force_id() == third.baseline_id
    assert signwatch.baselines.files(first.baseline_id) == before
    files = signwatch.baselines.files(second.baseline_id)
    assert files.statistics == before.statistics
    found = signwatch.baselines.in_force()
    assert found is not None and Deciding.of(found.constraints).completeness == 0.25
