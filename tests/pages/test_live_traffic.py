"""What a person does while traffic flows: what is acted on is what was seen."""

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import Cancelled
from core.jobs import IsCancelled, Progress
from core.labels import class_name
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import files_of
from core.records.captures import Capture, CaptureMode, CaptureSettings, Provenance
from core.records.drills import DrillPlan
from core.records.inference import Answer
from core.records.monitoring import MonitorSettings
from core.records.queries import CaptureFilter
from core.records.schedules import ScheduleStatus
from core.records.verdicts import Verdict
from core.records.window import now
from core.services import Services
from core.store import ExecutionsTable
from tests.pages.conftest import SHELL, OpenPage, go_to
from tests.support import attacking
from tests.support.attacking import dropped, finished
from tests.support.elements import (
    Alert,
    alerts,
    button,
    click_rows,
    labelled,
    labels,
    links,
    metrics,
)
from tests.support.images import blocks
from tests.support.records import NOON, make_capture, make_execution, make_image
from tests.support.traffic import decide, everything, predicted_as, put_flagged, request

# Captures


def commit(signwatch: Services, *seconds_ago: float) -> list[Capture]:
    """Captures of different images, answered so long ago and committed now."""
    captures = []
    for seconds in seconds_ago:
        image = make_image(round(seconds * 10))
        captures.append(make_capture(image, inferred_at=now() - timedelta(seconds=seconds)))
        signwatch.log.append(captures[-1:], [image])
    return captures


def ids(captures: list[Capture]) -> list[str]:
    return [capture.capture_id for capture in captures]


def packed(content: bytes) -> list[str]:
    """Event ids in a ZIP of captures."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        lines = archive.read("captures.jsonl").splitlines()
    return [json.loads(line)["eventMetadata"]["eventId"] for line in lines]


def events(captures: list[Capture]) -> list[str]:
    return [capture.event_id for capture in captures]


def rows(at: AppTest) -> list[str]:
    """Capture ids in the table."""
    return list(at.dataframe[0].value["capture id"])


def select(at: AppTest, *numbers: int) -> AppTest:
    """Click rows of the table by their number, as it was drawn."""
    return click_rows(at, at.dataframe[0], *numbers)


def opened(at: AppTest) -> str:
    """Id of the capture that the page has opened, as its links carry it."""
    (query,) = {query for label, _, query in links(at) if label == "Give a verdict"}
    return query.removeprefix("capture=")


def test_the_row_that_is_clicked_is_opened_though_earlier_captures_are_committed_meanwhile(
    open_page: OpenPage, signwatch: Services
) -> None:
    drawn = commit(signwatch, 10, 20, 30)
    at = open_page("captures")
    commit(signwatch, 5, 6, 15)
    for number, capture in enumerate(drawn):
        select(at, number)
        assert rows(at) == ids(drawn)
        assert opened(at) == capture.capture_id == at.query_params["capture"]


def test_what_came_meanwhile_waits_for_newest(open_page: OpenPage, signwatch: Services) -> None:
    drawn = commit(signwatch, 10, 20)
    at = open_page("captures")
    late = commit(signwatch, 5, 15)
    labelled(at.button, "Newest").click().run()
    assert rows(at) == ids([late[0], drawn[0], late[1], drawn[1]])


def test_a_reload_opens_the_capture_that_was_open_wherever_its_row_is_by_then(
    open_page: OpenPage, signwatch: Services
) -> None:
    drawn = commit(signwatch, 10, 20)
    at = select(open_page("captures"), 1)
    late = commit(signwatch, 15)
    again = open_page("captures", **at.query_params)
    assert rows(again) == ids([drawn[0], late[0], drawn[1]])
    assert opened(again) == drawn[1].capture_id


def test_several_selected_rows_are_downloaded_whatever_is_committed_meanwhile(
    open_page: OpenPage, signwatch: Services, downloads: dict[str, Callable[[], bytes]]
) -> None:
    drawn = commit(signwatch, 10, 20, 30)
    at = open_page("captures")
    commit(signwatch, 5, 15)
    select(at, 0, 2)
    assert packed(downloads["signwatch-captures.zip"]()) == events([drawn[0], drawn[2]])


def test_all_that_match_are_packed_though_more_are_committed_than_were_counted(
    open_page: OpenPage, signwatch: Services, downloads: dict[str, Callable[[], bytes]]
) -> None:
    drawn = commit(signwatch, 10, 20)
    at = open_page("captures")
    late = commit(signwatch, 15)
    labelled(at.button, "Prepare: All 2 captures").click().run()
    expected = events([drawn[0], late[0], drawn[1]])
    assert packed(downloads["signwatch-captures.zip"]()) == expected
    (label,) = labels(at.get("download_button"))
    assert label.startswith("All 3 captures (")


def test_a_row_whose_capture_retention_deletes_keeps_its_place(
    open_page: OpenPage, signwatch: Services
) -> None:
    drawn = commit(signwatch, 10, 20, 30)
    at = open_page("captures")
    with signwatch.log.database.transaction() as transaction:
        transaction.execute(
            "DELETE FROM log.captures WHERE capture_id = ?::UUID", [drawn[1].capture_id]
        )
    select(at, 2)
    assert rows(at) == ids(drawn)
    assert opened(at) == drawn[2].capture_id
    select(at, 1)
    assert alerts(at) == [Alert("error", "", f"no capture {drawn[1].capture_id} in the log")]


def test_rows_stay_and_say_what_was_decided_meanwhile(
    open_page: OpenPage, signwatch: Services
) -> None:
    drawn = commit(signwatch, 10, 20)
    at = open_page("captures")
    decide(signwatch, drawn[1].capture_id, Verdict.UNREADABLE)
    at.run()
    assert at.dataframe[0].value["verdict"].fillna("").tolist() == ["", "unreadable"]


def test_the_row_stays_open_while_its_address_is_on_its_way_to_the_browser(
    open_page: OpenPage, signwatch: Services
) -> None:
    drawn = commit(signwatch, 10, 20)
    at = open_page("captures")
    address = dict(at.query_params)
    select(at, 1)
    at.query_params = address
    at.run()
    assert opened(at) == drawn[1].capture_id


# Triage


def stop(signwatch: Services, p_value: float, **changes: object) -> Capture:
    return put_flagged(signwatch, p_value, class_id=14, seed=round(p_value * 10_000), **changes)


def turn_right(signwatch: Services, p_value: float) -> Capture:
    return put_flagged(signwatch, p_value, class_id=33, seed=round(p_value * 10_000))


def in_triage(at: AppTest) -> str | None:
    """Id of what is open: the address and the link to its capture say the same."""
    query = {query for label, _, query in links(at) if label == "Capture"}
    assert query <= {f"capture={at.query_params.get('capture')}"}
    return at.query_params.get("capture")


def press(at: AppTest, label: str) -> AppTest:
    """Press the first button of that label."""
    next(each for each in at.button if each.proto.label == label).click().run()
    assert not at.exception
    return at


def search(at: AppTest, text: str) -> AppTest:
    labelled(at.text_input, "Search").set_value(text).run()
    assert not at.exception
    return at


def decided(signwatch: Services) -> list[str]:
    """Ids of the captures with a verdict that counts."""
    items = signwatch.log.find(CaptureFilter(decided=True), limit=100)
    return [item.capture.capture_id for item in items]


def test_a_verdict_is_on_what_is_seen_though_more_suspicious_ones_arrive(
    open_page: OpenPage, signwatch: Services
) -> None:
    seen = stop(signwatch, 0.005)
    at = open_page("triage")
    turn_right(signwatch, 0.001)
    stop(signwatch, 0.002)
    press(at, "Not a sign")
    assert decided(signwatch) == [seen.capture_id]


def test_a_search_opens_its_first_match_and_verdicts_go_there(
    open_page: OpenPage, signwatch: Services
) -> None:
    stop(signwatch, 0.001)
    second, first = turn_right(signwatch, 0.003), turn_right(signwatch, 0.002)
    at = search(open_page("triage"), "turn right")
    assert in_triage(at) == first.capture_id
    press(at, "Not a sign")
    assert in_triage(at) == second.capture_id
    press(at, "Not a sign")
    assert set(decided(signwatch)) == {first.capture_id, second.capture_id}
    assert in_triage(at) is None
    assert "Not a sign" not in labels(at.button)


def test_a_filter_that_what_is_open_passes_leaves_it_open_with_all_that_was_chosen_for_it(
    open_page: OpenPage, signwatch: Services
) -> None:
    stop(signwatch, 0.001)
    seen = stop(signwatch, 0.002, provenance=Provenance("cam"))
    at = open_page("triage", capture=seen.capture_id)
    press(at, class_name(1))  # the true class
    search(at, "cam")
    assert in_triage(at) == seen.capture_id
    press(at, "Model wrong")
    (statement,) = signwatch.triage.trail(seen.capture_id)
    assert statement.decision.true_class == 1


def test_a_search_that_nothing_passes_opens_nothing_and_says_what_waits(
    open_page: OpenPage, signwatch: Services
) -> None:
    stop(signwatch, 0.001)
    decide(signwatch, stop(signwatch, 0.002).capture_id, Verdict.UNREADABLE)
    at = search(open_page("triage"), "zzzz")
    assert in_triage(at) is None
    assert alerts(at) == [
        Alert(
            "info",
            "Nothing that waits matches",
            "1 flagged predictions wait. Remove a filter to see them.",
        )
    ]
    (listed,) = [each for each in at.segmented_control if "Done" in "".join(each.options)]
    assert [listed.options[0], listed.options[-1]] == ["Waiting 0", "Done 0"]
    assert "Not a sign" not in labels(at.button)


def test_a_link_to_a_window_of_time_moves_on_from_what_lies_outside(
    open_page: OpenPage, signwatch: Services
) -> None:
    stop(signwatch, 0.001, minutes_ago=90)
    inside = stop(signwatch, 0.002, minutes_ago=5)
    at = open_page("triage")
    go_to(at, "monitor")
    go_to(at, "triage", since=(now() - timedelta(hours=1)).isoformat())
    assert in_triage(at) == inside.capture_id


def test_what_others_have_in_work_waits_elsewhere(open_page: OpenPage, signwatch: Services) -> None:
    stop(signwatch, 0.001)
    open_page("triage")
    at = open_page("triage")
    assert alerts(at) == [Alert("info", "In work elsewhere", "Others have all 1 of it.")]


def test_a_reload_opens_the_same_item_with_the_same_filter(
    open_page: OpenPage, signwatch: Services
) -> None:
    stop(signwatch, 0.001, provenance=Provenance("cam"))
    second = stop(signwatch, 0.002, provenance=Provenance("cam"))
    at = press(open_page("triage", source="cam"), "Later")
    assert in_triage(at) == second.capture_id
    stop(signwatch, 0.0005, provenance=Provenance("cam"))
    again = open_page("triage", **at.query_params)
    assert in_triage(again) == second.capture_id
    assert again.query_params["source"] == "cam"
    press(again, "Not a sign")
    assert decided(signwatch) == [second.capture_id]


def test_an_address_that_is_late_opens_nothing_again_and_sets_no_filter_back(
    open_page: OpenPage, signwatch: Services
) -> None:
    stop(signwatch, 0.001)
    first, second = turn_right(signwatch, 0.002), turn_right(signwatch, 0.003)
    at = open_page("triage")
    before = dict(at.query_params)
    search(at, "turn right")
    between = dict(at.query_params)
    at.query_params = before
    at.run()
    assert in_triage(at) == first.capture_id
    assert at.query_params["q"] == "turn right"
    press(at, "Not a sign")
    at.query_params = between
    at.run()
    assert in_triage(at) == second.capture_id


def test_a_link_that_was_followed_before_is_followed_again(
    open_page: OpenPage, signwatch: Services
) -> None:
    first, second = stop(signwatch, 0.001), turn_right(signwatch, 0.002)
    at = open_page("triage", capture=first.capture_id)
    press(at, "Later")
    assert in_triage(at) == second.capture_id
    go_to(at, "captures", capture=first.capture_id)
    go_to(at, "triage", capture=first.capture_id)
    assert in_triage(at) == first.capture_id


def test_back_from_another_page_the_same_is_open(open_page: OpenPage, signwatch: Services) -> None:
    stop(signwatch, 0.001)
    second = turn_right(signwatch, 0.002)
    at = press(open_page("triage"), "Later")
    go_to(at, "overview")
    stop(signwatch, 0.0005)
    go_to(at, "triage")
    assert in_triage(at) == second.capture_id


def test_two_windows_of_one_log_never_give_two_verdicts_on_one_item_unseen(
    open_page: OpenPage, signwatch: Services
) -> None:
    items = [turn_right(signwatch, 0.001), *(stop(signwatch, p) for p in (0.002, 0.003))]
    one, two = open_page("triage"), open_page("triage")
    assert [in_triage(one), in_triage(two)] == ids(items[:2])
    press(one, class_name(14))  # as it was drawn, before the other window came
    assert in_triage(one) == items[2].capture_id
    press(one, "Not a sign")
    press(two, "Unreadable")
    assert [len(signwatch.triage.trail(each.capture_id)) for each in items] == [0, 1, 1]


def test_a_group_of_which_nothing_is_left_is_not_entered(
    open_page: OpenPage, signwatch: Services
) -> None:
    first, other = turn_right(signwatch, 0.001), stop(signwatch, 0.002)
    at = open_page("triage")
    decide(signwatch, other.capture_id, Verdict.UNREADABLE, analyst="bo")
    press(at, class_name(14))
    assert in_triage(at) == first.capture_id
    assert [each.text for each in alerts(at)] == [
        "nothing of this group is free any more: decided, or in work elsewhere"
    ]


def test_a_list_is_chosen_though_its_number_has_changed(
    open_page: OpenPage, signwatch: Services
) -> None:
    first, second = stop(signwatch, 0.001), turn_right(signwatch, 0.002)
    at = open_page("triage")
    decide(signwatch, second.capture_id, Verdict.UNREADABLE)
    (listed,) = [each for each in at.segmented_control if "Done 0" in each.options]
    listed.set_value("done").run()
    assert at.query_params["status"] == "done"
    assert [each.key for each in at.button if (each.key or "").startswith("triage_done_")] == [
        f"triage_done_{second.capture_id}"
    ]
    assert in_triage(at) == first.capture_id


@pytest.fixture
def group(signwatch: Services) -> list[Capture]:
    """Three frames of one sign."""
    return [
        put_flagged(signwatch, p_value, seed=1, provenance=Provenance("cam"))
        for p_value in (0.001, 0.002, 0.003)
    ]


def around(signwatch: Services, at: AppTest) -> AppTest:
    """The page with what surrounds the item."""
    assert signwatch.triage.contexts.wait(at.query_params["capture"], 60)
    at.run()
    assert not at.exception
    return at


def test_a_group_gets_the_verdict_as_it_was_shown(
    open_page: OpenPage, signwatch: Services, group: list[Capture]
) -> None:
    at = press(around(signwatch, open_page("triage")), "Whole group (3)")
    late = put_flagged(signwatch, 0.0001, seed=1, provenance=Provenance("cam"))
    contexts = signwatch.triage.contexts
    contexts._built.clear()  # as others' work makes it do
    contexts.ask([group[0].capture_id])
    assert contexts.wait(group[0].capture_id, 60)
    press(at, "Not a sign x 3")
    assert set(decided(signwatch)) == set(ids(group))
    assert in_triage(at) == late.capture_id


def test_those_of_a_group_that_were_decided_meanwhile_keep_their_verdict(
    open_page: OpenPage, signwatch: Services, group: list[Capture]
) -> None:
    at = press(around(signwatch, open_page("triage")), "Whole group (3)")
    decide(signwatch, group[2].capture_id, Verdict.UNREADABLE, analyst="bo")
    press(at, "Not a sign x 3")
    trails = [signwatch.triage.trail(name) for name in ids(group)]
    assert [[each.decision.analyst for each in trail] for trail in trails] == [
        ["local"],
        ["local"],
        ["bo"],
    ]


# Overview and Monitor

SCHEDULES = "Schedules and alerts"


def shown_run(at: AppTest) -> str:
    """Id of the run that the Monitor page shows."""
    return at.selectbox(key="execution_id").value


def keep_runs(signwatch: Services, count: int, **changes: object) -> list[str]:
    """Runs in the log, a minute apart, the latest now; ids, newest first."""
    table = ExecutionsTable(signwatch.log.database)
    runs = [
        make_execution(**{"started_at": now() - timedelta(minutes=n)} | changes)
        for n in range(count)
    ]
    for run in reversed(runs):
        table.begin(run)
    return [run.execution_id for run in runs]


def test_the_overview_leads_to_the_run_that_it_shows_though_others_follow(
    open_page: OpenPage, signwatch: Services
) -> None:
    (violated,) = keep_runs(signwatch, 1)
    at = open_page("overview")
    (query,) = [query for label, _, query in links(at) if label == "Open the run"]
    later = signwatch.monitoring.run()
    at = go_to(at, "monitor", **dict(parse_qsl(query)))
    assert shown_run(at) == violated != later.execution_id


def test_the_run_that_is_looked_at_stays_while_others_follow(
    open_page: OpenPage, signwatch: Services
) -> None:
    latest, earlier = keep_runs(signwatch, 2, message="one message")
    at = open_page("monitor")
    signwatch.monitoring.run()
    at.run()
    assert shown_run(at) == latest
    at.selectbox(key="execution_id").select(earlier).run()
    signwatch.monitoring.run()
    at.run()
    assert shown_run(at) == earlier
    assert shown_run(open_page("monitor", **at.query_params)) == earlier  # a reload
    labelled(at.button, "Run now").click().run()
    newest = signwatch.monitoring.executions(1)[0].execution_id
    assert shown_run(at) == newest == at.query_params["execution"]


def test_an_alert_leads_to_its_run_however_many_followed(
    open_page: OpenPage, signwatch: Services
) -> None:
    runs = keep_runs(signwatch, 53)
    at = open_page("monitor", execution=runs[51])
    assert shown_run(at) == runs[51]
    at.selectbox(key="execution_id").select(runs[49]).run()
    keep_runs(signwatch, 1)
    at.run()
    assert shown_run(at) == runs[49]
    assert len(at.dataframe[-1].value) == 50


def test_a_run_that_is_not_in_the_log_is_named(open_page: OpenPage, signwatch: Services) -> None:
    (latest,) = keep_runs(signwatch, 1)
    at = open_page("monitor", execution="gone")
    assert [each.text for each in alerts(at) if each.kind == "warning"] == [
        "no run gone in the log. This is the latest one."
    ]
    assert shown_run(at) == latest == at.query_params["execution"]


def test_of_runs_of_one_second_with_one_message_each_can_be_chosen(
    open_page: OpenPage, signwatch: Services
) -> None:
    runs = [keep_runs(signwatch, 1, started_at=NOON, message="all the same")[0] for _ in range(3)]
    at = open_page("monitor")
    for each in runs:
        at.selectbox(key="execution_id").select(each).run()
        assert shown_run(at) == each == at.query_params["execution"]


def test_of_baselines_of_one_second_each_can_be_put_in_force(
    open_page: OpenPage, signwatch: Services
) -> None:
    baselines = signwatch.monitoring.baselines
    files = files_of(Baseline(43, dict.fromkeys(range(43), 100)))
    made = [baselines.add(files, origin="the same") for _ in range(3)]
    with signwatch.log.database.transaction() as transaction:
        for number, each in enumerate(made):
            transaction.execute(
                "UPDATE log.baselines SET created_at = ? WHERE baseline_id = ?",
                [f"2026-02-14 12:00:00.{number}", each.baseline_id],
            )
    at = open_page("monitor", tab="Baseline")
    for each in [*made, *made]:
        labelled(at.selectbox, "Baseline in force").select(each.baseline_id).run()
        assert baselines.in_force_id() == each.baseline_id


def reload(at: AppTest) -> AppTest:
    """The start page in a new session, under the same address."""
    again = AppTest.from_file(SHELL, default_timeout=60)
    again.query_params = dict(at.query_params)
    again.run()
    assert not again.exception
    return again


def test_the_stretch_that_is_shown_survives_a_reload(
    open_page: OpenPage, signwatch: Services
) -> None:
    commit(signwatch, 1, 10 * 60)
    at = open_page("overview")
    assert dict(at.query_params) == {}
    at.segmented_control(key="shown_minutes").select(5).run()
    again = reload(at)
    assert metrics(again)["Predictions in the window"] == ("1", "last 5 min")
    again.segmented_control(key="shown_minutes").select(60).run()
    assert dict(again.query_params) == {}
    again.query_params = {"minutes": "7"}
    assert metrics(reload(again))["Predictions in the window"] == ("2", "last 1 h")


def test_the_overview_follows_the_traffic(open_page: OpenPage, signwatch: Services) -> None:
    stop(signwatch, 0.001)
    at = open_page("overview")
    turn_right(signwatch, 0.002)
    at.run()
    assert metrics(at)["Predictions in the window"][0] == "2"
    assert metrics(at)["Waiting in triage"] == ("2", "2 flagged in the window")


# Two windows


def test_stop_never_starts_a_schedule_that_another_window_stopped(
    open_page: OpenPage, signwatch: Services
) -> None:
    schedules = signwatch.monitoring.schedules
    one, two = (open_page("monitor", tab=SCHEDULES) for _ in range(2))
    for at in (one, two):
        at.button(key="stop_hourly").click().run()
        assert not at.exception
    assert schedules.one("hourly").status is ScheduleStatus.STOPPED


def test_a_schedule_that_another_window_changed_is_not_deleted_unseen(
    open_page: OpenPage, signwatch: Services
) -> None:
    schedules = signwatch.monitoring.schedules
    at = open_page("monitor", tab=SCHEDULES)
    schedules.change(replace(schedules.one("hourly").schedule, threshold=0.2))
    button(at, "schedule_hourly_", "_delete").click().run()
    assert not at.exception
    assert [each.schedule.threshold for each in schedules.all()] == [0.2]


def test_settings_that_another_window_saved_are_seen_before_they_are_replaced(
    open_page: OpenPage, signwatch: Services
) -> None:
    monitoring = signwatch.monitoring
    at = open_page("monitor", tab="Rules")
    labelled(at.number_input, "Threshold, % of the window").set_value(80.0)
    monitoring.set_settings(MonitorSettings(0.6, 15))
    button(at, "settings_", "_save").click().run()
    assert monitoring.settings() == MonitorSettings(0.6, 15)
    assert not at.toast
    assert [each.text for each in alerts(at) if each.kind == "warning"] == [
        "Changed elsewhere meanwhile. What was typed here is not saved."
    ]
    labelled(at.number_input, "Threshold, % of the window").set_value(80.0)
    button(at, "settings_", "_save").click().run()
    assert monitoring.settings() == MonitorSettings(0.8, 15)
    assert not [each for each in alerts(at) if each.kind == "warning"]
    monitoring.set_settings(MonitorSettings(0.4, 15))  # while another page is open
    go_to(go_to(at, "overview"), "monitor", tab="Rules")
    assert not [each for each in alerts(at) if each.kind == "warning"]


def test_capture_settings_that_another_window_saved_are_seen_before_they_are_replaced(
    open_page: OpenPage, signwatch: Services
) -> None:
    rules = signwatch.captures.rules
    at = open_page("captures")
    labelled(at.number_input, "Requests that are captured, %").set_value(25.0)
    rules.set("signwatch", CaptureSettings(True, 10.0, CaptureMode.OUTPUT))
    labelled(at.button, "Save").click().run()
    assert rules.of("signwatch") == CaptureSettings(True, 10.0, CaptureMode.OUTPUT)
    labelled(at.number_input, "Requests that are captured, %").set_value(25.0)
    labelled(at.button, "Save").click().run()
    assert rules.of("signwatch") == CaptureSettings(True, 25.0, CaptureMode.OUTPUT)


# Attack


@pytest.fixture
def held(signwatch: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Traffic of which each request waits until the event is set."""
    let_go = threading.Event()
    answer = signwatch.inference.invoke

    def invoke(*args: Any, **options: Any) -> Answer:
        assert let_go.wait(60)
        return answer(*args, **options)

    monkeypatch.setattr(signwatch.inference, "invoke", invoke)
    yield let_go
    let_go.set()


def sending(open_page: OpenPage, signwatch: Services) -> AppTest:
    """The Attack page that has just begun to send 5 requests, 4 of them adversarial."""
    sign = predicted_as(signwatch, other_than=14)
    at = dropped(open_page("attack", attack="deepfool", target="14"), sign)
    finished(attacking.press(at))
    labelled(at.number_input, "Requests").set_value(5)
    return attacking.press(at, "Send as traffic")


def test_traffic_is_sent_to_its_end_while_another_page_is_open(
    open_page: OpenPage, signwatch: Services, held: threading.Event
) -> None:
    at = sending(open_page, signwatch)
    assert labelled(at.button, "Send as traffic").disabled
    go_to(at, "overview")
    held.set()
    assert at.session_state["send_job"][1].wait(60)
    kinds = [item.capture.provenance.attack for item in everything(signwatch)]
    assert sorted(map(str, kinds)) == ["None", *["deepfool"] * 4]
    go_to(at, "attack")
    assert Alert("success", "", "5 requests sent, 4 of them adversarial.") in alerts(at)
    finished(attacking.press(dropped(at, predicted_as(signwatch, other_than=14))))
    assert "requests sent" not in "".join(each.text for each in alerts(at))


def test_sending_can_be_cancelled(
    open_page: OpenPage, signwatch: Services, held: threading.Event
) -> None:
    at = sending(open_page, signwatch)
    at.button(key="send_cancel").click().run()
    held.set()
    finished(at, "send")
    (shown,) = [each for each in alerts(at) if each.title == "Cancelled"]
    assert shown == Alert("info", "Cancelled", "1 of 5 requests were sent before")
    assert len(everything(signwatch)) == 1


# Explain, Tensors, and what goes on over a reload


def tiles(at: AppTest) -> list[str]:
    """Ids of the captures of a sheet."""
    found = [dict(parse_qsl(query)) for _, page, query in links(at) if page == "explain"]
    return [query["capture"] for query in found]


def test_a_sheet_stays_as_it_is_seen_until_it_is_asked_for_anew(
    open_page: OpenPage, signwatch: Services
) -> None:
    seen = stop(signwatch, 0.001)
    at = open_page("explain", sheet="all")
    later = stop(signwatch, 0.002)
    at.slider(key="explain_opacity").set_value(20).run()
    assert tiles(at) == [seen.capture_id]
    press(at, "Refresh")
    assert tiles(at) == ids([later, seen])
    last = stop(signwatch, 0.003)
    go_to(go_to(at, "captures"), "explain", sheet="all")
    assert tiles(at) == ids([last, later, seen])


def test_a_tile_leads_to_its_own_capture_though_others_came(
    open_page: OpenPage, signwatch: Services
) -> None:
    seen = stop(signwatch, 0.001)
    at = open_page("explain", sheet="all")
    stop(signwatch, 0.002)
    (query,) = [dict(parse_qsl(query)) for _, page, query in links(at) if page == "explain"]
    at = open_page("explain", **query)
    assert [query for _, _, query in links(at)] == [f"capture={seen.capture_id}"] * 2


def test_a_result_that_a_reload_ended_is_not_replaced_without_a_word(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("explain", source="lab")
    (shown,) = alerts(at)
    assert shown.text == (
        "The attack's result is gone: a reload or another attack ended it. Attack again."
    )
    assert alerts(at.run()) == []


def test_a_setting_of_an_attack_is_not_taken_back_by_an_address_that_is_late(
    open_page: OpenPage,
) -> None:
    at = open_page("attack", attack="pgd", epsilon="8")
    before = dict(at.query_params)
    at.slider(key="attack_budget_pgd").set_value(4).run()
    at.query_params = before
    at.number_input(key="attack_steps_pgd").set_value(3).run()
    assert at.slider(key="attack_budget_pgd").value == 4
    assert (at.query_params["epsilon"], at.query_params["steps"]) == ("4", "3")
    go_to(at, "overview")
    go_to(at, "attack", **before)
    assert at.slider(key="attack_budget_pgd").value == 8


def test_the_record_that_is_looked_at_stays_while_others_are_made_and_deleted(
    open_page: OpenPage, signwatch: Services
) -> None:
    first, second = (request(signwatch, blocks(seed)) for seed in (1, 2))
    signwatch.tensors.record(first)
    at = open_page("tensors")
    signwatch.tensors.record(second)
    at.run()
    assert at.selectbox(key="tensor_step").value == 0
    assert open_page("tensors", **at.query_params).selectbox(key="tensor_step").value == 0
    with signwatch.log.database.transaction() as transaction:
        transaction.execute("DELETE FROM log.tensor_records WHERE step = 0")
    at.run()
    assert at.selectbox(key="tensor_step").value == 1
    assert [each.text for each in alerts(at)] == [
        "The record of step 0 was deleted. This is the newest one."
    ]


def test_a_drill_is_followed_and_cancelled_after_a_reload(
    open_page: OpenPage, signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    drills, ended = signwatch.simulation.drills, threading.Event()

    def run(plan: DrillPlan, *, progress: Progress, cancelled: IsCancelled, drill_id: str) -> None:
        progress(40, 300, "clean traffic, 40 sent")
        while not cancelled():
            assert not ended.wait(0.005)
        raise Cancelled("the drill was cancelled")

    files = files_of(Baseline(43, dict.fromkeys(range(43), 100)))
    signwatch.monitoring.baselines.add(files, origin="test")
    monkeypatch.setattr(drills, "check", lambda plan: None)
    monkeypatch.setattr(drills, "run", run)
    labelled(open_page("monitor", tab="Drills").button, "Start drill").click().run()
    at = open_page("monitor", tab="Drills")  # a reload, or another window
    (bar,) = at.get("progress")
    assert (bar.proto.text, bar.proto.value) == ("Drill: clean traffic, 40 sent", 13)
    assert labelled(at.button, "Start drill").disabled
    at.button(key="drill_cancel").click().run()
    finished(at, "drill")
    assert Alert("info", "Cancelled", "the drill was cancelled") in alerts(at)
    assert not labelled(at.button, "Start drill").disabled
    ended.set()
