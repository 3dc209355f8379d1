"""Monitor: settings that last, run now with Model Monitor's words, runs to look through."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.labels import class_name
from core.plots.base import ALARM
from core.records.monitoring import ExecutionStatus, MonitorSettings, Trigger
from core.records.window import Window, now
from core.services import Services
from core.store import ExecutionsTable
from tests.core.store.test_log import add_unreadable
from tests.pages.conftest import OpenPage, go_to
from tests.support.elements import (
    Alert,
    alerts,
    button,
    charts,
    labelled,
    labels,
    metrics,
    moving_charts,
    values,
)
from tests.support.images import blocks
from tests.support.records import NO_PREDICTION, make_capture, make_execution
from tests.support.traffic import flood, request

COMPLETED = "Completed: Job completed successfully with no violations."
RULES, SCHEDULES = "Rules", "Schedules and alerts"
THRESHOLD, WINDOW = "Threshold, % of the window", "Window, minutes"


def run_now(at: AppTest) -> AppTest:
    labelled(at.button, "Run now").click().run()
    assert not at.exception
    return at


def save(at: AppTest, percent: float, minutes: int) -> AppTest:
    labelled(at.number_input, THRESHOLD).set_value(percent)
    labelled(at.number_input, WINDOW).set_value(minutes)
    button(at, "settings_", "_save").click().run()
    assert not at.exception
    return at


def shown_settings(at: AppTest) -> tuple[float, int]:
    fields = (labelled(at.number_input, label) for label in (THRESHOLD, WINDOW))
    return tuple(field.value for field in fields)


def test_before_the_first_execution_it_says_what_to_do(open_page: OpenPage) -> None:
    at = open_page("monitor")
    assert alerts(at) == [Alert("info", "No run yet", "Press **Run now**, or wait for a schedule.")]
    assert shown_settings(open_page("monitor", tab=RULES)) == (50.0, 60)


def test_saved_settings_last(open_page: OpenPage, signwatch: Services) -> None:
    at = save(open_page("monitor", tab=RULES), 80.0, 15)
    assert values(at.toast) == ["Saved. The next run uses it."]
    assert signwatch.monitoring.settings() == MonitorSettings(0.8, 15)
    assert shown_settings(open_page("monitor", tab=RULES)) == (80.0, 15)


def test_each_tab_draws_its_own_part_and_nothing_else(open_page: OpenPage) -> None:
    drawn = {
        tab: values(open_page("monitor", tab=tab).subheader)
        for tab in ("", RULES, SCHEDULES, "Baseline", "Drift detector", "Drills", "Backtest", "no")
    }
    assert drawn == {
        "": [],
        RULES: ["Threshold and window", "Constraints"],
        SCHEDULES: ["Schedules", "Alerts"],
        "Baseline": ["Baseline in force"],
        "Drift detector": ["Drift detector", "False alarms"],
        "Drills": ["Drill"],
        "Backtest": ["Backtest"],
        "no": [],  # a tab that there is not opens the first
    }


def test_a_link_to_a_run_opens_it_before_everything_else(
    open_page: OpenPage, signwatch: Services
) -> None:
    flood(signwatch, same=4, others=1)
    earlier = signwatch.monitoring.run(threshold=0.9)
    signwatch.monitoring.run()
    at = open_page("monitor", execution=earlier.execution_id)
    assert at.selectbox(key="execution_id").value == earlier.execution_id
    assert alerts(at) == [Alert("success", "", COMPLETED)]
    assert values(at.subheader)[0] == "Rules"
    assert at.query_params["execution"] == earlier.execution_id


def test_a_run_opens_from_its_square_in_the_strip(open_page: OpenPage, signwatch: Services) -> None:
    flood(signwatch, same=4, others=1)
    earlier = signwatch.monitoring.run(threshold=0.9)
    latest = signwatch.monitoring.run()
    at = open_page("monitor")
    chart = moving_charts(at)["runs_strip"]["by_id"]["runs"]
    assert [bar["label"]["formatter"] for bar in chart["data"]] == ["✓", "!"]
    assert chart["selectedMode"] == "single"
    assert at.session_state["runs_strip_drawn"] == [earlier.execution_id, latest.execution_id]


def test_typing_alone_saves_nothing(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("monitor", tab=RULES)
    labelled(at.number_input, THRESHOLD).set_value(80.0)
    at.run()
    assert signwatch.monitoring.settings() == MonitorSettings(0.5, 60)


@pytest.mark.parametrize("percent", [0.1, 7.0, 33.3, 55.0, 100.0])
def test_every_threshold_that_the_settings_take_can_be_shown_and_saved_again(
    percent: float, open_page: OpenPage, signwatch: Services
) -> None:
    signwatch.monitoring.set_settings(MonitorSettings(percent / 100, 60))
    at = open_page("monitor", tab=RULES)
    assert shown_settings(at)[0] == pytest.approx(percent)
    save(at, *shown_settings(at))
    assert signwatch.monitoring.settings().threshold == pytest.approx(percent / 100)


def test_the_next_execution_uses_the_saved_settings(
    open_page: OpenPage, signwatch: Services
) -> None:
    request(signwatch, blocks(9), received_at=now() - timedelta(minutes=10))
    flooding = flood(signwatch, same=4, others=1)
    save(open_page("monitor", tab=RULES), 90.0, 5)
    at = run_now(open_page("monitor"))
    assert alerts(at) == [Alert("success", "", COMPLETED)]
    assert metrics(at)["Predictions"] == ("5", "")
    save(open_page("monitor", tab=RULES), 75.0, 5)
    assert [alert.kind for alert in alerts(run_now(at))] == ["error"]
    assert f"Class {flooding} " in alerts(at)[0].text
    assert alerts(at)[0].text.endswith("Exceeded 75.00% threshold")


def test_clean_traffic_completes(open_page: OpenPage, signwatch: Services) -> None:
    flood(signwatch, same=2, others=3)
    at = run_now(open_page("monitor"))
    assert alerts(at) == [Alert("success", "", COMPLETED)]
    assert "None." in values(at.markdown)
    (execution,) = signwatch.monitoring.executions(5)
    assert execution.trigger is Trigger.MANUAL
    start, end = execution.window.start, execution.window.end
    until = f"{end:%H:%M:%S}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M:%S}"
    facts = (
        f"Window {start:%Y-%m-%d %H:%M:%S} to {until} UTC · all endpoints · threshold 50% · "
        f"manual · took {(execution.ended_at - execution.started_at).total_seconds() * 1000:.0f} ms"
    )
    assert facts in values(at.caption)


def test_a_flood_of_one_class_completes_with_violations(
    open_page: OpenPage, signwatch: Services, downloads: dict[str, Callable[[], bytes]]
) -> None:
    flooding = flood(signwatch, same=4, others=1)
    at = run_now(open_page("monitor"))
    description = f"Class {flooding} predicted 80.00% of the time: Exceeded 50.00% threshold"
    assert alerts(at) == [Alert("error", "", f"CompletedWithViolations: {description}")]
    violation = {
        "feature_name": "PredictedClass",
        "constraint_check_type": "baseline_drift_check",
        "description": description,
    }
    found = signwatch.monitoring.figures(signwatch.monitoring.live_window())
    assert metrics(at) == {
        "Predictions": ("5", ""),
        "Mean confidence": (f"{found.mean_confidence:.1%}", ""),
        "Low confidence": (str(found.low_confidence), ""),
        "Flagged": (str(found.flagged), ""),
    }
    counts = at.dataframe[0].value
    (other,) = found.counts.keys() - {flooding}
    assert counts.to_dict("records") == [
        {"class": class_name(flooding), "predictions": 4, "share": 0.8},
        {"class": class_name(other), "predictions": 1, "share": 0.2},
    ]
    (shown,) = [text for text in values(at.markdown) if text.startswith("**PredictedClass** ")]
    assert shown == f"**PredictedClass** · baseline_drift_check  \n{description}"
    assert json.loads(downloads["constraint_violations.json"]()) == {"violations": [violation]}
    colours = charts(at)["execution_chart"]["data"][0]["marker"]["color"]
    assert [k for k, colour in enumerate(colours) if colour == ALARM] == [flooding]


def test_without_captures_nothing_was_evaluated(open_page: OpenPage, signwatch: Services) -> None:
    at = run_now(open_page("monitor"))
    (execution,) = signwatch.monitoring.executions(5)
    assert alerts(at) == [Alert("warning", "", execution.message)]
    assert execution.message.startswith("Failed: no captures between ")
    assert not at.metric


def test_an_execution_under_way_is_shown_as_such(open_page: OpenPage, signwatch: Services) -> None:
    begun = make_execution(
        now(),
        status=ExecutionStatus.IN_PROGRESS,
        message="InProgress: under way",
        figures=None,
        violations=(),
    )
    ExecutionsTable(signwatch.log.database).begin(begun)
    at = open_page("monitor")
    assert alerts(at) == [Alert("info", "", "InProgress: under way")]
    assert not at.metric
    assert "constraint_violations.json" not in labels(at.get("download_button"))
    assert at.dataframe[-1].value["predictions"].isna().tolist() == [True]


def test_one_that_broke_off_shows_its_error_its_log_and_no_figures(
    open_page: OpenPage,
    signwatch: Services,
    monkeypatch: pytest.MonkeyPatch,
    downloads: dict[str, Callable[[], bytes]],
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("core.monitoring.executions.evaluate", lambda *_, **__: 1 / 0)
        flood(signwatch, same=4, others=1)
        done = signwatch.monitoring.run()
    at = open_page("monitor")
    message = "Failed: it broke off with ZeroDivisionError: division by zero"
    assert alerts(at) == [Alert("warning", "", message)]
    assert at.code[-1].value == "\n".join(
        signwatch.monitoring.execution_log(done.execution_id).lines
    )
    assert at.code[-1].value.endswith(message)
    assert json.loads(downloads["constraint_violations.json"]()) == {"violations": []}


def test_the_log_has_the_figures_and_the_outcome_of_each_rule(
    open_page: OpenPage, signwatch: Services
) -> None:
    flooding = flood(signwatch, same=4, others=1)
    run_now(at := open_page("monitor"))
    (done,) = signwatch.monitoring.executions(5)
    text = [line.partition(" UTC  ")[2] for line in at.code[-1].value.splitlines()]
    (other,) = done.figures.counts.keys() - {flooding}
    assert text[0] == "Started now, manual"
    assert text[1].endswith("UTC, all endpoints: 5 predictions, 0 records that could not be read")
    assert text[2:4] == [f"{{{flooding}: 4, {other}: 1}}", "Baseline none"]
    assert len([line for line in text if line.startswith("Rule ")]) == len(done.outcomes)
    assert text[-1] == done.message


def test_records_that_could_not_be_read_are_shown_with_the_reason(
    open_page: OpenPage, signwatch: Services
) -> None:
    moment = now() - timedelta(minutes=5)
    add_unreadable(signwatch.log, "signwatch", moment)
    flood(signwatch, same=1, others=1)
    run_now(at := open_page("monitor"))
    assert "Records that could not be read: 1" in values(at.subheader)
    (table,) = [each.value for each in at.dataframe if "reason" in each.value]
    (row,) = table.to_dict("records")
    assert row | {"at": None} == {
        "at": None,
        "reason": "no JSON",
        "file": "a.jsonl",
        "line": 1,
        "begins with": "{",
    }
    assert abs(row["at"] - moment) < timedelta(seconds=1)
    # What retention deletes from the log stays with the run.
    with signwatch.log.database.transaction() as transaction:
        transaction.execute("DELETE FROM log.unreadable")
    assert "Records that could not be read: 1" in values(open_page("monitor").subheader)


def test_of_many_unreadable_records_the_first_are_kept_and_all_are_counted(
    open_page: OpenPage, signwatch: Services
) -> None:
    with signwatch.log.database.transaction() as transaction:
        transaction.execute(
            "INSERT INTO log.unreadable SELECT 'a.jsonl', n, 'signwatch', NULL, ?, 'no JSON', '{' "
            "FROM range(103) AS lines(n)",
            [(now() - timedelta(minutes=5)).replace(tzinfo=None)],
        )
    flood(signwatch, same=1, others=1)
    run_now(at := open_page("monitor"))
    assert "Records that could not be read: 103, here the first 100" in values(at.subheader)
    (table,) = [each.value for each in at.dataframe if "reason" in each.value]
    assert table["line"].tolist() == list(range(100))


def test_an_execution_of_before_says_that_it_kept_no_log(
    open_page: OpenPage, signwatch: Services
) -> None:
    ExecutionsTable(signwatch.log.database).begin(make_execution())
    text = values(open_page("monitor").caption)
    assert "This run is from an earlier version, which kept no log." in text


def test_executions_are_listed_newest_first(open_page: OpenPage, signwatch: Services) -> None:
    flooding = flood(signwatch, same=4, others=1)
    signwatch.monitoring.run(threshold=0.9, trigger=Trigger.SCHEDULED)
    signwatch.monitoring.run()
    end = now()
    signwatch.monitoring.run(Window(end - timedelta(hours=9), end - timedelta(hours=8)))
    at = open_page("monitor")
    assert "All runs" in values(at.subheader)
    table = at.dataframe[-1].value
    assert [row["status"] for row in table.to_dict("records")] == [
        "Failed",
        "CompletedWithViolations",
        "Completed",
    ]
    assert table["predictions"].tolist() == [0, 5, 5]
    assert table["threshold"].tolist() == [0.5, 0.5, 0.9]
    assert table["trigger"].tolist() == ["manual", "manual", "scheduled"]
    assert table["message"][1] == (
        f"CompletedWithViolations: Class {flooding} predicted 80.00% of the time: "
        "Exceeded 50.00% threshold"
    )


def test_an_earlier_execution_can_be_looked_at(open_page: OpenPage, signwatch: Services) -> None:
    flood(signwatch, same=4, others=1)
    earlier = signwatch.monitoring.run(threshold=0.9)
    latest = signwatch.monitoring.run()
    at = open_page("monitor")
    chosen = at.selectbox(key="execution_id")
    assert chosen.value == latest.execution_id
    assert list(chosen.options) == [
        f"{each.started_at:%Y-%m-%d %H:%M:%S} UTC · {each.message}" for each in (latest, earlier)
    ]
    chosen.select(earlier.execution_id).run()
    assert alerts(at) == [Alert("success", "", COMPLETED)]


def test_run_now_shows_its_own_execution(open_page: OpenPage, signwatch: Services) -> None:
    flood(signwatch, same=4, others=1)
    earlier = signwatch.monitoring.run(threshold=0.9)
    at = open_page("monitor")
    at.selectbox(key="execution_id").select(earlier.execution_id).run()
    run_now(at)
    assert [alert.kind for alert in alerts(at)] == ["error"]
    assert len(signwatch.monitoring.executions(5)) == 2


def test_an_execution_runs_once_however_often_the_page_is_drawn(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = run_now(open_page("monitor"))
    at.run()
    go_to(at, "overview")
    go_to(at, "monitor")
    assert len(signwatch.monitoring.executions(5)) == 1


def test_figures_that_no_capture_carries_are_not_computed(
    open_page: OpenPage, signwatch: Services
) -> None:
    imported = NO_PREDICTION | {"class_id": 57, "image_sha256": None, "inferred_at": now()}
    signwatch.log.append([make_capture(**imported)], [])
    signwatch.monitoring.run()
    at = open_page("monitor")
    assert metrics(at) == {
        "Predictions": ("1", ""),
        "Mean confidence": ("not computed", ""),
        "Low confidence": ("not computed", ""),
        "Flagged": ("not computed", ""),
    }
