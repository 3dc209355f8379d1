"""Monitor: the drill."""

from dataclasses import replace

import pytest

from core.jobs import Job
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import files_of
from core.records.drills import DrillPlan, DrillReport, marked
from core.records.monitoring import ExecutionStatus
from core.records.window import now
from core.services import Services
from core.store import DrillsTable, ExecutionsTable
from pages._monitor.drill import NO_BASELINE
from tests.core.store.test_drills import REPORT
from tests.pages.conftest import OpenPage
from tests.support.elements import Alert, alerts, labelled, labels, values
from tests.support.records import make_execution


def keep(signwatch: Services, report: DrillReport) -> None:
    DrillsTable(signwatch.log.database).add(report)


def with_a_baseline(signwatch: Services) -> None:
    signwatch.monitoring.baselines.add(
        files_of(Baseline(43, dict.fromkeys(range(43), 100))), origin="test"
    )


def test_without_an_endpoint_nothing_is_begun(open_page: OpenPage, signwatch: Services) -> None:
    with_a_baseline(signwatch)
    at = open_page("monitor", tab="Drills")
    assert any(text.startswith("No drill yet. ") for text in values(at.caption))
    labelled(at.button, "Start drill").click().run()
    assert not at.exception
    assert Alert(
        "error", "", "the endpoint is not running, and a drill goes through it. Start the dashboard"
    ) in alerts(at)
    assert "drill_job" not in at.session_state


def test_without_a_baseline_none_can_be_begun_and_there_is_a_way_to_one(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("monitor", tab="Drills")
    assert labelled(at.button, "Start drill").disabled
    assert f"{NO_BASELINE}." in values(at.caption)
    labelled(at.button, "Create a baseline").click().run()
    assert values(at.subheader) == ["Baseline in force"]
    with_a_baseline(signwatch)
    at = open_page("monitor", tab="Drills")
    assert not labelled(at.button, "Start drill").disabled
    assert "Create a baseline" not in labels(at.button)


def test_the_strength_and_the_target_are_handed_on(
    open_page: OpenPage, signwatch: Services, environment: pytest.MonkeyPatch
) -> None:
    asked: list[DrillPlan] = []

    def run(plan: DrillPlan, **options: object) -> DrillReport:
        asked.append(plan)
        done = replace(REPORT, plan=plan)
        keep(signwatch, done)
        return done

    with_a_baseline(signwatch)
    environment.setattr(signwatch.simulation.drills, "check", lambda plan: None)
    environment.setattr(signwatch.simulation.drills, "run", run)
    at = open_page("monitor", tab="Drills")
    labelled(at.get("segmented_control"), "Share of the traffic that is attacked").set_value(0.05)
    at.selectbox(key="drill_target").set_value(1)
    at.number_input(key="drill_seed").set_value(7)
    labelled(at.button, "Start drill").click().run()
    if "drill_job" in at.session_state:
        job: Job[object] = at.session_state["drill_job"][1]
        assert job.wait(60)
        at.run()
    assert not at.exception
    assert asked == [DrillPlan(0.05, 1, seed=7)]
    assert any(
        "5 % of the traffic attacked towards 1 Speed limit 30" in text
        for text in values(at.caption)
    )


def test_the_latest_report_stands_in_full(open_page: OpenPage, signwatch: Services) -> None:
    keep(signwatch, REPORT)
    at = open_page("monitor", tab="Drills")
    (alarm,) = [each for each in alerts(at) if each.kind == "info"]
    assert alarm.text == (
        "Alarm 12 predictions and 3.5 s after the first attacked one: Class 14 (Stop) is more "
        "frequent."
    )
    table = next(each.value for each in at.dataframe if "false alarms" in each.value)
    assert table["rule"].tolist() == ["class share", "drift detector, class"]
    assert table["noticed"].tolist() == [
        "not within 100 predictions",
        "after 12 predictions, 0.5 s of traffic",
    ]
    assert table["named"].tolist() == ["", "14 Stop"]
    assert table["false alarms"].tolist() == [1, 0]
    assert set(table["used"]) <= {"decides", "for comparison"}
    facts = (
        "2026-02-14 12:00:00 UTC · 20 % of the traffic attacked towards 14 Stop · pgd, seed 3 · "
        "300 clean requests, then 100, of them 20 attacked · no sample sign for 1% of the "
        "baseline"
    )
    assert facts in values(at.caption)
    assert ":green[:material/check:] Alert delivered to JSON at here after 4.5 s." in values(
        at.markdown
    )


def test_one_that_nothing_noticed_says_so_and_earlier_ones_stand_below(
    open_page: OpenPage, signwatch: Services
) -> None:
    keep(signwatch, REPORT)
    keep(
        signwatch,
        replace(
            REPORT, drill_id="later", began_at=now(), alarm=None, alerts=(), lasting="a violation"
        ),
    )
    at = open_page("monitor", tab="Drills")
    (missed,) = [each for each in alerts(at) if each.text.startswith("No alarm: ")]
    assert missed.kind == "warning"
    assert "Still in violation at its end: a violation." in values(at.caption)
    assert "Earlier drills (1)" in labels(at.expander)
    table = next(each.value for each in at.dataframe if "alerts delivered" in each.value)
    assert table["alerts delivered"].tolist() == [1]


def test_a_run_over_a_drill_says_so(open_page: OpenPage, signwatch: Services) -> None:
    ExecutionsTable(signwatch.log.database).begin(
        make_execution(now(), outcomes=marked(3, 4), status=ExecutionStatus.COMPLETED)
    )
    at = open_page("monitor")
    words = "Drill: 3 of the 4 records of this window were sent by a drill."
    assert Alert("info", "", words) in alerts(at)
    assert not any("**drill**" in text for text in values(at.markdown))
