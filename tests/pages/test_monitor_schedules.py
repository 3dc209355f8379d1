"""Schedules on the Monitor page: shown in words, run, stopped, started, changed, added, deleted."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.records.monitoring import MonitorSettings, Trigger
from core.records.schedules import ONCE, Schedule, ScheduleStatus
from core.records.window import now
from core.services import Services
from pages._monitor.schedule_form import OWN
from tests.pages.conftest import OpenPage
from tests.support.elements import Alert, alerts, button, labels, values
from tests.support.traffic import flood

HOUR = timedelta(hours=1)


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception
    return at


def press_in_form(at: AppTest, schedule: str, name: str) -> AppTest:
    """Press a button of the form that changes a schedule."""
    button(at, f"schedule_{schedule}_", f"_{name}").click().run()
    assert not at.exception
    return at


def field(elements: Iterable[Any], schedule: str, name: str) -> Any:
    """The field of a schedule's form."""
    (found,) = [
        each
        for each in elements
        if each.key
        and each.key.startswith(f"schedule_{schedule}_")
        and each.key.endswith(f"_{name}")
    ]
    return found


def rows(at: AppTest) -> list[str]:
    """The headline of each schedule."""
    return [
        text
        for text in values(at.markdown)
        if text.startswith("**")
        and " · " in text
        and "(SageMaker" not in text
        and "_check" not in text
    ]


def captions(at: AppTest, start: str) -> list[str]:
    return [text for text in values(at.caption) if text.startswith(start)]


def problems(at: AppTest) -> list[str]:
    return [alert.text for alert in alerts(at) if alert.kind == "error"]


def test_the_schedule_that_is_there_from_the_start_is_shown_in_words(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("monitor", tab="Schedules and alerts")
    (hourly,) = signwatch.monitoring.schedules.all()
    due = signwatch.monitoring.schedules.next_run(hourly)
    assert "Times are in UTC." in values(at.caption)
    assert rows(at) == [f"**hourly** · every hour at minute 0 (UTC) · next {due:%Y-%m-%d %H:%M}"]
    assert captions(at, "Checks") == [
        "Checks the last hour, all endpoints, threshold 50 % (defaults).  \nHas not run yet"
    ]
    signwatch.monitoring.set_settings(MonitorSettings(0.7, 15))
    assert captions(open_page("monitor", tab="Schedules and alerts"), "Checks")[0].startswith(
        "Checks the last 15 min, all endpoints, threshold 70 % (defaults)."
    )


def test_windows_endpoints_and_thresholds_of_its_own_are_reported(
    open_page: OpenPage, signwatch: Services
) -> None:
    signwatch.monitoring.schedules.create(
        Schedule("late", "cron(0/5 * ? * * *)", 3 * HOUR, HOUR, "cars", 0.25)
    )
    at = open_page("monitor", tab="Schedules and alerts")
    assert rows(at)[1].startswith("**late** · every 5 minutes · next ")
    assert captions(at, "Checks")[1].startswith(
        "Checks 2 h until 1 h before the run, endpoint cars, threshold 25 %."
    )


def test_run_it_now_opens_its_own_run_and_the_row_has_the_result(
    open_page: OpenPage, signwatch: Services
) -> None:
    flood(signwatch, same=4, others=1)
    signwatch.monitoring.run(threshold=0.9)
    at = press(open_page("monitor", tab="Schedules and alerts"), "run_hourly")
    done = signwatch.monitoring.executions(1)[0]
    assert (done.schedule, done.trigger) == ("hourly", Trigger.MANUAL)
    assert at.selectbox(key="execution_id").value == done.execution_id
    assert any(" · manual by hourly · took " in text for text in values(at.caption))
    (row,) = captions(open_page("monitor", tab="Schedules and alerts"), "Checks")
    assert row.replace("\\", "").endswith(
        f":red[:material/warning:] {done.started_at:%Y-%m-%d %H:%M}: {done.message}"
    )
    assert len(signwatch.monitoring.executions(9)) == 2


def test_a_schedule_is_stopped_and_started(open_page: OpenPage, signwatch: Services) -> None:
    at = press(open_page("monitor", tab="Schedules and alerts"), "stop_hourly")
    assert signwatch.monitoring.schedules.one("hourly").status is ScheduleStatus.STOPPED
    assert rows(at) == ["**hourly** · every hour at minute 0 (UTC) · :gray-badge[Stopped]"]
    assert "Start" in labels(at.button)
    press(at, "start_hourly")
    assert signwatch.monitoring.schedules.one("hourly").status is ScheduleStatus.SCHEDULED
    assert " · next " in rows(at)[0]


def test_one_is_added_from_a_preset(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("monitor", tab="Schedules and alerts")
    at.text_input(key="new_schedule_name").set_value(" often ")
    at.selectbox(key="new_schedule_preset").set_value("cron(0/5 * ? * * *)").run()
    (text,) = captions(at, "`cron(0/5 * ? * * *)`, next ")
    assert text.endswith(" UTC")
    press(at, "new_schedule_add")
    assert values(at.toast) == ["Schedule often is added."]
    assert signwatch.monitoring.schedules.one("often").schedule == Schedule(
        "often", "cron(0/5 * ? * * *)"
    )
    assert [row.partition(" · ")[0] for row in rows(at)] == ["**hourly**", "**often**"]


def test_one_is_added_with_everything_of_its_own(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("monitor", tab="Schedules and alerts")
    at.text_input(key="new_schedule_name").set_value("mine")
    at.selectbox(key="new_schedule_preset").set_value(OWN)
    at.toggle(key="new_schedule_default").set_value(False).run()
    at.text_input(key="new_schedule_cron").set_value("cron(30 8 ? * MON-FRI *)")
    at.number_input(key="new_schedule_begins").set_value(180)
    at.number_input(key="new_schedule_ends").set_value(60)
    at.text_input(key="new_schedule_endpoint").set_value("cars")
    at.number_input(key="new_schedule_threshold").set_value(25.0)
    press(at, "new_schedule_add")
    assert signwatch.monitoring.schedules.one("mine").schedule == Schedule(
        "mine", "cron(30 8 ? * MON-FRI *)", 3 * HOUR, HOUR, "cars", 0.25
    )


@pytest.mark.parametrize(
    ("name", "expression", "problem"),
    [
        (
            "",
            "cron(0 * ? * * *)",
            "schedule name must be 1 to 63 letters, digits and inner hyphens, got ''",
        ),
        (
            "hourly",
            "cron(0 * ? * * *)",
            "there is a monitoring schedule 'hourly' already; choose another name, or change or "
            "delete that one",
        ),
        ("mine", "cron(61 * ? * * *)", "cron expression, minutes '61': expected 0-59, got '61'"),
        (
            "mine",
            "cron(0 0 1 1 ? 2020)",
            "cron(0 0 1 1 ? 2020) has no run in the future; choose a later year",
        ),
    ],
)
def test_a_refused_schedule_is_explained_and_adds_nothing(
    open_page: OpenPage, signwatch: Services, name: str, expression: str, problem: str
) -> None:
    at = open_page("monitor", tab="Schedules and alerts")
    at.text_input(key="new_schedule_name").set_value(name)
    at.selectbox(key="new_schedule_preset").set_value(OWN).run()
    at.text_input(key="new_schedule_cron").set_value(expression)
    press(at, "new_schedule_add")
    assert problems(at) == [problem]
    assert [each.schedule.name for each in signwatch.monitoring.schedules.all()] == ["hourly"]


def test_a_bad_expression_is_reported_while_it_is_typed(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("monitor", tab="Schedules and alerts")
    at.selectbox(key="new_schedule_preset").set_value(OWN).run()
    at.text_input(key="new_schedule_cron").set_value("cron(0 [00-23] ? * * *)").run()
    (text,) = captions(at, ":red[")
    assert text.replace("\\", "") == (
        ":red[cron expression, hours '[00-23]': write a number in place of the brackets, as in 12]"
    )
    at.text_input(key="new_schedule_cron").set_value("cron(0 0 1 1 ? 2020)").run()
    assert "No run in the future" in values(at.caption)


def test_fields_are_filled_as_the_schedule_has_them_and_changes_are_kept(
    open_page: OpenPage, signwatch: Services
) -> None:
    before = Schedule("mine", "cron(7 * ? * * *)", 3 * HOUR, HOUR, "cars", 0.25)
    signwatch.monitoring.schedules.create(before)
    at = press_in_form(open_page("monitor", tab="Schedules and alerts"), "mine", "save")
    assert signwatch.monitoring.schedules.one("mine").schedule == before
    assert field(at.selectbox, "mine", "preset").value == OWN
    field(at.toggle, "mine", "default").set_value(True).run()
    field(at.text_input, "mine", "endpoint").set_value("")
    press_in_form(at, "mine", "save")
    assert values(at.toast) == ["Schedule mine is changed."]
    assert signwatch.monitoring.schedules.one("mine").schedule == Schedule(
        "mine", "cron(7 * ? * * *)", None, HOUR, None, 0.25
    )


def test_a_change_made_elsewhere_is_shown_over_what_was_typed(
    open_page: OpenPage, signwatch: Services
) -> None:
    signwatch.monitoring.schedules.create(before := Schedule("mine", "cron(7 * ? * * *)"))
    at = open_page("monitor", tab="Schedules and alerts")
    field(at.text_input, "mine", "endpoint").set_value("vans").run()
    signwatch.monitoring.schedules.change(replace(before, endpoint="cars"))
    press_in_form(at, "mine", "save")
    assert field(at.text_input, "mine", "endpoint").value == "cars"
    assert [alert.text for alert in alerts(at) if alert.kind == "warning"] == [
        "Changed elsewhere meanwhile. What was typed here is not saved."
    ]
    assert signwatch.monitoring.schedules.one("mine").schedule.endpoint == "cars"
    assert not at.toast
    field(at.text_input, "mine", "endpoint").set_value("vans")
    press_in_form(at, "mine", "save")
    assert signwatch.monitoring.schedules.one("mine").schedule.endpoint == "vans"
    assert not [alert for alert in alerts(at) if alert.kind == "warning"]


def test_deleting_asks_first_and_says_what_is_lost(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = press_in_form(open_page("monitor", tab="Schedules and alerts"), "hourly", "delete")
    assert alerts(at) == [
        Alert(
            "warning",
            "Delete this schedule?",
            "Its times, window, endpoint and threshold are lost, and **hourly** runs no more. "
            "There is no undo. Its past runs stay.",
        )
    ]
    assert len(signwatch.monitoring.schedules.all()) == 1
    press_in_form(at, "hourly", "keep")
    assert alerts(at) == []
    assert len(signwatch.monitoring.schedules.all()) == 1


def test_the_last_one_can_be_deleted(open_page: OpenPage, signwatch: Services) -> None:
    signwatch.monitoring.schedules.run_now("hourly")
    at = press_in_form(open_page("monitor", tab="Schedules and alerts"), "hourly", "delete")
    press_in_form(at, "hourly", "really_delete")
    assert values(at.toast) == ["Schedule hourly is deleted."]
    assert "No schedule. The monitor runs on request only." in values(at.caption)
    assert signwatch.monitoring.schedules.all() == []
    assert len(signwatch.monitoring.executions(9)) == 1


def test_one_that_another_person_deleted_meanwhile_is_named(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("monitor", tab="Schedules and alerts")
    signwatch.monitoring.schedules.delete("hourly")
    at.button(key="run_hourly").click().run()
    assert not at.exception
    assert signwatch.monitoring.executions(9) == []


def test_one_that_ran_once_says_so_and_can_run_again(
    open_page: OpenPage, signwatch: Services
) -> None:
    signwatch.monitoring.schedules.create(Schedule("now", ONCE, begins=HOUR))
    at = open_page("monitor", tab="Schedules and alerts")
    assert rows(at)[1] == "**now** · ran once, when it was created"
    assert not {"stop_now", "start_now"} & {each.key for each in at.button}
    press(at, "run_now")
    assert len(signwatch.monitoring.executions(9, schedule="now")) == 2
    assert now() - signwatch.monitoring.executions(1)[0].window.end < timedelta(minutes=5)
