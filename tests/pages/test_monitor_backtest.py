"""Backtest on the Monitor page, and constraints edited with a preview."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import Job
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import files_of
from core.monitoring.rules import ChiSquared, ClassShare
from core.records.baselines import ConstraintSettings
from core.records.drift import DRIFT_RULE
from core.records.plain_text import message
from core.records.window import now
from core.services import Services
from tests.pages.conftest import OpenPage
from tests.support.elements import alerts, charts, labelled, metrics, values
from tests.support.observing import BASELINE, attacked, captures, clean
from tests.support.records import NOON, make_capture, make_prediction

HOUR = timedelta(hours=1)
LONGEST = 60
EVERY_CLASS = Baseline(43, dict.fromkeys(range(43), 100))


def put(signwatch: Services, at: datetime, *class_ids: int) -> None:
    signwatch.log.append(
        [make_capture(prediction=make_prediction(k), inferred_at=at) for k in class_ids], []
    )


def look_back(
    at: AppTest, hours: int, every: str = "60", *, minutes: int = 60, endpoint: str = ""
) -> AppTest:
    """Fill in the form for so many hours from noon, and wait for the answer."""
    at.number_input(key="backtest_minutes").set_value(minutes)
    at.text_input(key="backtest_endpoint").set_value(endpoint)
    at.datetime_input(key="backtest_since").set_value(NOON.replace(tzinfo=None))
    at.datetime_input(key="backtest_until").set_value((NOON + hours * HOUR).replace(tzinfo=None))
    at.text_input(key="backtest_every").set_value(every)
    labelled(at.button, "Look back").click().run()
    if "backtest_job" in at.session_state:
        job: Job[object] = at.session_state["backtest_job"][1]
        assert job.wait(LONGEST)
        at.run()
    assert not at.exception
    return at


def summary(at: AppTest) -> str:
    """The sentence over the chart."""
    (text,) = [text for text in values(at.markdown) if "alarm" in text and " window" in text]
    return text


def test_a_rule_is_replayed_over_the_past(open_page: OpenPage, signwatch: Services) -> None:
    put(signwatch, NOON, 1, 2)
    put(signwatch, NOON + HOUR, 14, 14, 14, 1)
    at = look_back(open_page("monitor", tab="Backtest"), 3)
    assert summary(at) == (
        "**1 alarm.** Only 2 of 3 windows had traffic; the first with an alarm ended "
        "2026-02-14 14:00 UTC."
    )
    traces = charts(at)["backtest_chart"]["data"]
    assert [trace["name"] for trace in traces[1:]] == [
        "holds",
        "alarm",
        "not computed",
    ]
    at.number_input(key=f"backtest_threshold_{ClassShare.name}").set_value(0.8).run()
    assert summary(at) == "**No alarm.** Only 2 of 3 windows had traffic."


def test_the_first_of_several_alarms_is_named_whether_every_window_had_traffic_or_not(
    open_page: OpenPage, signwatch: Services
) -> None:
    for hour in (1, 2, 4):
        put(signwatch, NOON + hour * HOUR, 14, 14)
    at = look_back(open_page("monitor", tab="Backtest"), 5)
    assert summary(at) == (
        "**3 alarms.** Only 3 of 5 windows had traffic; the first with an alarm ended "
        "2026-02-14 14:00 UTC."
    )
    put(signwatch, NOON, 1, 2)
    put(signwatch, NOON + 3 * HOUR, 1, 2)
    assert summary(look_back(at, 5)) == (
        "**3 alarms** in 5 windows, the first in the window that ended 2026-02-14 14:00 UTC."
    )


def test_windows_have_the_length_and_the_endpoint_that_are_asked_for(
    open_page: OpenPage, signwatch: Services
) -> None:
    early, late = (NOON + n * timedelta(minutes=1) for n in (5, 25))
    signwatch.log.append(
        [
            make_capture(prediction=make_prediction(k), inferred_at=at, endpoint=name)
            for k, at, name in ((14, early, "cars"), (1, late, "cars"), (2, late, "roadside"))
        ],
        [],
    )
    at = look_back(open_page("monitor", tab="Backtest"), 1, "30", minutes=30, endpoint=" cars ")
    (text,) = [text for text in values(at.caption) if text.startswith("Windows of 30 minutes, ")]
    assert ", cars, as of " in text
    assert summary(at).startswith("**No alarm.** Only 1 of 2 windows had traffic")
    at = look_back(at, 1, "10", minutes=10, endpoint="cars")
    assert summary(at).startswith("**2 alarms.** Only 2 of 6 windows had traffic")
    at = look_back(at, 1, "10", minutes=10)
    assert summary(at).startswith("**1 alarm.** Only 2 of 6 windows had traffic")


def test_other_rules_say_why_they_cannot_be_replayed(
    open_page: OpenPage, signwatch: Services
) -> None:
    put(signwatch, NOON, 1, 2)
    at = look_back(open_page("monitor", tab="Backtest"), 1)
    at.selectbox(key="backtest_rule").select(ChiSquared.name).run()
    assert not at.exception
    assert summary(at) == "**No alarm.** Computed in 0 of 1 window."
    (missing,) = charts(at)["backtest_chart"]["data"][1:]
    assert missing["customdata"] == [
        "Not computed: there is no baseline to compare with. Create one first"
    ]


def test_windows_may_follow_a_schedule(open_page: OpenPage, signwatch: Services) -> None:
    put(signwatch, NOON + 65 * timedelta(minutes=1), 14)
    at = look_back(open_page("monitor", tab="Backtest"), 3, "cron(10 * ? * * *)")
    assert summary(at) == (
        "**1 alarm.** Only 1 of 3 windows had traffic; it ended 2026-02-14 13:10 UTC."
    )


def test_a_past_without_captures_says_so(open_page: OpenPage) -> None:
    at = look_back(open_page("monitor", tab="Backtest"), 2)
    assert [alert.text for alert in alerts(at) if "No window" in alert.text] == [
        "No window between 2026-02-14 12:00 and 2026-02-14 14:00 UTC holds a capture."
    ]


@pytest.mark.parametrize(
    ("hours", "every", "problem"),
    [
        (0, "60", "no window of 60 minutes fits: choose a longer stretch or shorter windows"),
        (3, "0", "a step must be longer than 0 minutes, got 0"),
        (
            3,
            "hourly",
            "expected cron(minutes hours day-of-month month day-of-week year), for "
            "example cron(0 * ? * * *) for every hour, got 'hourly'",
        ),
    ],
)
def test_what_makes_no_windows_is_reported(
    open_page: OpenPage, hours: int, every: str, problem: str
) -> None:
    at = look_back(open_page("monitor", tab="Backtest"), hours, every)
    assert [alert.text for alert in alerts(at) if alert.kind == "error"] == [message(problem)]


def test_what_was_cut_is_reported(open_page: OpenPage, signwatch: Services) -> None:
    put(signwatch, NOON + 49 * HOUR, 14)
    at = look_back(open_page("monitor", tab="Backtest"), 50, "1")
    (text,) = [text for text in values(at.caption) if "earlier ones were left out" in text]
    assert "The latest 2,000 windows; 941 earlier ones were left out." in text


# The drift detector


def run_drift_backtest(at: AppTest) -> AppTest:
    at.selectbox(key="backtest_rule").select(DRIFT_RULE).run()
    at.button(key="backtest_stream").click().run()
    if "backtest_job" in at.session_state:
        job: Job[object] = at.session_state["backtest_job"][1]
        assert job.wait(LONGEST)
        at.run()
    assert not at.exception
    return at


def test_the_drift_detector_takes_any_parameter(open_page: OpenPage, signwatch: Services) -> None:
    signwatch.monitoring.baselines.add(files_of(BASELINE), origin="test")
    signwatch.log.append(captures([*clean(100), *attacked(60)], NOON), [])
    at = run_drift_backtest(look_back(open_page("monitor", tab="Backtest"), 1))
    (text,) = [text for text in values(at.markdown) if " predictions between " in text]
    assert text == (
        "**1 alarm** in 160 predictions between 2026-02-14 12:00 and 2026-02-14 13:00 UTC, with "
        "at most one false alarm in 10,000."
    )
    (alarm,) = [text for text in values(at.markdown) if text.startswith(":red[:material/error:]")]
    assert alarm.startswith(":red[:material/error:] 2026-02-14 12:00:12 UTC · Class 14 (Stop) is")
    assert len(charts(at)["backtest_stream_chart"]["data"]) == 3
    at.number_input(key="backtest_false_alarm_every").set_value(1e12).run()
    at = run_drift_backtest(at)
    (text,) = [text for text in values(at.markdown) if " predictions between " in text]
    assert text.startswith("**No alarm** in 160 predictions")


def test_of_many_alarms_the_first_are_listed(open_page: OpenPage, signwatch: Services) -> None:
    signwatch.monitoring.baselines.add(files_of(BASELINE), origin="test")
    signwatch.log.append(captures([*clean(100), *attacked(60)], NOON), [])
    at = run_drift_backtest(look_back(open_page("monitor", tab="Backtest"), 1))
    results = at.session_state["backtest_results"]
    (alarm,) = results["drift"].alarms
    alarms = [replace(alarm, at=NOON + timedelta(minutes=number)) for number in range(12)]
    at.session_state["backtest_results"] = results | {
        "drift": replace(results["drift"], alarms=tuple(alarms))
    }
    at.run()
    assert any(text.startswith("**12 alarms** in 160 predictions") for text in values(at.markdown))
    shown = [text for text in values(at.markdown) if text.startswith(":red[:material/error:]")]
    assert [text.split(" ")[2] for text in shown] == [f"12:{n:02}:00" for n in range(10)]
    assert any(text.endswith("The first 10 alarms are listed.") for text in values(at.caption))


def test_a_stream_without_baseline_says_what_to_do(
    open_page: OpenPage, signwatch: Services
) -> None:
    put(signwatch, NOON, 1, 2)
    at = run_drift_backtest(look_back(open_page("monitor", tab="Backtest"), 1))
    (problem,) = [alert.text for alert in alerts(at) if alert.kind == "error"]
    assert problem.startswith("there is no baseline. Create one")


# Editing


def edit(at: AppTest, signwatch: Services, **fields: float) -> AppTest:
    found = signwatch.monitoring.baselines.in_force()
    assert found is not None
    for name, value in fields.items():
        key = f"constraints_{name}_{found.stored.baseline_id}"
        at.number_input(key=key).set_value(value)
    return at.run()


def test_edits_show_their_consequences_and_are_kept_as_a_new_baseline(
    open_page: OpenPage, signwatch: Services
) -> None:
    first = signwatch.monitoring.baselines.add(files_of(EVERY_CLASS), origin="test")
    put(signwatch, now() - timedelta(minutes=5), *[1] * 60, *[2] * 60, *[3] * 60)
    at = open_page("monitor", tab="Rules")
    assert "Alarms now" not in metrics(at)
    at = edit(at, signwatch, drift=0.9)
    assert not at.exception
    assert metrics(at)["Alarms now"][0] == "1"
    assert metrics(at)["Alarms with these constraints"] == ("0", "-1")
    assert [text for text in values(at.markdown) if text.startswith("Alarms that disappear in the")]
    assert signwatch.monitoring.baselines.in_force_id() == first.baseline_id
    at.button(key="constraints_save").click().run()
    assert not at.exception
    assert len(signwatch.monitoring.baselines.all()) == 2
    found = signwatch.monitoring.baselines.in_force()
    assert found is not None and found.stored.baseline_id != first.baseline_id
    assert found.constraints.config.categorical_comparison_threshold == 0.9
    assert "constraints_save" not in [button.key for button in at.button]


def test_each_constraint_is_kept_as_it_was_edited(open_page: OpenPage, signwatch: Services) -> None:
    baselines = signwatch.monitoring.baselines
    first = baselines.add(files_of(EVERY_CLASS), origin="test")
    at = edit(open_page("monitor", tab="Rules"), signwatch, drift=0.3, completeness=0.7, known=0.2)
    at.toggle(key=f"constraints_evaluate_{first.baseline_id}").set_value(False).run()
    at.button(key="constraints_save").click().run()
    assert not at.exception
    found = baselines.in_force()
    assert found is not None
    assert found.settings == ConstraintSettings(
        False, "baseline_drift_check, LInfinity Robust", 0.3, 0.7, 0.2
    )


def test_constraints_that_cannot_be_read_are_named_and_not_edited(
    open_page: OpenPage, signwatch: Services
) -> None:
    signwatch.monitoring.baselines.add(files_of(EVERY_CLASS), origin="test")
    with signwatch.log.database.transaction() as transaction:
        transaction.execute("UPDATE log.baselines SET constraints = '{'")
    at = open_page("monitor", tab="Rules")
    assert not at.exception
    assert [alert.text for alert in alerts(at) if alert.text.startswith("constraints.json is no")]
    assert not at.toggle


def test_times_of_the_form_are_utc(open_page: OpenPage) -> None:
    at = open_page("monitor", tab="Backtest")
    until = at.datetime_input(key="backtest_until").value.replace(tzinfo=UTC)
    assert abs(until - now()) < timedelta(minutes=2)
