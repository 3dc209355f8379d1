"""The overview: state of the latest run, figures of the live window, and that it lives."""

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.testing.v1 import AppTest

from core.labels import class_name
from core.plots.overview import LIGHT
from core.records.captures import Provenance
from core.records.drills import MARK
from core.records.health import LogHealth, LogState
from core.records.monitoring import ExecutionStatus, MonitorSettings, Trigger, WindowFigures
from core.records.queries import CaptureFilter
from core.records.schedules import ONCE, Schedule
from core.records.verdicts import Verdict
from core.records.window import now
from core.services import Services
from core.simulation.sending import SendReport
from core.store import ExecutionsTable
from pages._attack.link import TRY_IT, AttackLink
from pages._explain.link import ExplainLink, to_violation
from pages._triage.view import TriageView
from tests.pages.conftest import SHELL, OpenPage
from tests.support.elements import Alert, alerts, colours, links, metrics, moving_charts, values
from tests.support.images import blocks
from tests.support.records import NO_PREDICTION, NOON, make_capture, make_execution
from tests.support.traffic import baseline_of_another_model, decide, flood, put_flagged, request

NOT_RUN = ":material/schedule: No run yet. The monitor runs on schedule, or now."
HEAT_MAPS, REVIEW = ("Heat maps", "explain"), ("Review", "triage")
ALL_RUNS = ("All runs", "monitor")
TRY_IT_LINK = ("**Try it: fool the classifier**", "attack")


def test_newcomers_are_led_to_a_prepared_attack(open_page: OpenPage) -> None:
    (query,) = [query for label, _, query in links(open_page("overview")) if "Try it" in label]
    assert AttackLink.read(dict(parse_qsl(query))) == AttackLink.read(TRY_IT)


def test_without_traffic_it_says_what_to_do(open_page: OpenPage) -> None:
    at = open_page("overview")
    assert values(at.caption)[0] == NOT_RUN
    assert values(at.subheader) == ["No traffic in the last 1 h"]
    assert [link[:2] for link in links(at)] == [
        TRY_IT_LINK,
        ("Or drop images of signs", "classify"),
    ]
    assert not at.metric


@pytest.mark.parametrize("url", ["https://signs.example/", "https://signs.example"])
def test_the_command_to_send_a_image_names_this_very_address(url: str, signwatch: Services) -> None:
    at = AppTest.from_file(SHELL, default_timeout=60)
    at.context = {"url": url}
    at.run()
    assert values(at.code) == [
        "curl --data-binary @sign.png -H 'Content-Type: image/png' "
        "https://signs.example/invocations"
    ]


def test_traffic_is_counted(open_page: OpenPage, signwatch: Services) -> None:
    flooding = flood(signwatch, same=3, others=1)
    put_flagged(signwatch, 0.001, class_id=flooding)
    found = signwatch.monitoring.figures(signwatch.monitoring.live_window())
    at = open_page("overview")
    assert not alerts(at)
    assert values(at.caption)[0] == NOT_RUN
    assert metrics(at) == {
        "Most predicted class": ("80.0%", class_name(flooding)),
        "Predictions in the window": ("5", "last 1 h"),
        "Mean confidence": (
            f"{found.mean_confidence:.1%}",
            f"{found.low_confidence} below 60%",
        ),
        "Waiting in triage": (str(found.flagged), f"{found.flagged} flagged in the window"),
    }
    assert found.flagged >= 1
    assert values(at.subheader)[1:] == ["Class frequencies", "Confidence", "Traffic"]


def test_the_class_above_the_threshold_is_red(open_page: OpenPage, signwatch: Services) -> None:
    flooding = flood(signwatch, same=4, others=1)
    chart = moving_charts(open_page("overview"))["frequencies"]
    bars = chart["by_id"]["window"]["data"]
    assert [bar["value"][0] for bar in bars] == [str(k) for k in range(43)]
    assert bars[flooding]["value"][1:] == [
        80.0,
        class_name(flooding),
        "80.00% of the window (4 predictions)",
        "no baseline",
    ]
    assert sum(bar["value"][1] for bar in bars) == 100
    red = [k for k, bar in enumerate(bars) if bar["itemStyle"]["color"] == LIGHT.alarm]
    assert red == [k for k, bar in enumerate(bars) if bar["label"]["show"]] == [flooding]
    assert bars[flooding]["label"]["formatter"] == f"{class_name(flooding)}: 80.0%"
    (line,) = chart["by_id"]["window"]["markLine"]["data"]
    assert line == {"yAxis": 50}
    labelled = chart["xAxis"][0]["data"][flooding]
    assert labelled["textStyle"]["backgroundColor"]["image"].startswith("data:image/jpeg;base64,")


def test_the_classes_can_be_ordered_by_change(open_page: OpenPage, signwatch: Services) -> None:
    flooding = flood(signwatch, same=3, others=1)
    at = open_page("overview")
    order = at.segmented_control(key="overview_order")
    assert list(order.options) == ["By class", "By change"]
    order.select("By change").run()
    bars = moving_charts(at)["frequencies"]["by_id"]["window"]["data"]
    assert bars[0]["value"][0] == str(flooding)
    assert [bar["value"][1] for bar in bars[:3]] == [75.0, 25.0, 0.0]


def test_the_leader_is_red_above_the_threshold_alone(
    open_page: OpenPage, signwatch: Services
) -> None:
    flooding = flood(signwatch, same=1, others=1)
    at = open_page("overview")
    assert metrics(at)["Most predicted class"][0] == "50.0%"  # the threshold itself
    assert colours(at)["Most predicted class"] == "GRAY"
    request(signwatch, blocks(0))
    at.run()
    assert metrics(at)["Most predicted class"] == ("66.7%", class_name(flooding))
    assert colours(at)["Most predicted class"] == "RED"


def test_the_traffic_chart_sets_the_leading_class_apart(
    open_page: OpenPage, signwatch: Services
) -> None:
    flooding = flood(signwatch, same=4, others=2)
    series = moving_charts(open_page("overview"))["traffic"]["by_id"]
    own, rest = series["leader"], series["rest"]
    assert (own["name"], sum(n for _, n in own["data"])) == (class_name(flooding), 4)
    assert (rest["name"], sum(n for _, n in rest["data"])) == ("all other classes", 2)


def test_the_latest_violation_is_named(open_page: OpenPage, signwatch: Services) -> None:
    flooding = flood(signwatch, same=4, others=1)
    execution = signwatch.monitoring.run()
    at = open_page("overview")
    assert alerts(at) == [
        Alert(
            "error",
            "Violation",
            f"CompletedWithViolations: Class {flooding} predicted 80.00% of the time: "
            f"Exceeded 50.00% threshold  \n"
            f"{execution.started_at:%Y-%m-%d %H:%M:%S} UTC, 5 predictions",
        )
    ]
    assert [link[:2] for link in links(at)] == [
        TRY_IT_LINK,
        HEAT_MAPS,
        REVIEW,
        (f"Why {class_name(flooding)}? See the heat maps", "explain"),
        ("Review flagged predictions", "triage"),
        ("Open the run", "monitor"),
        ALL_RUNS,
    ]


def test_a_violation_leads_to_what_was_looked_at(open_page: OpenPage, signwatch: Services) -> None:
    flooding = flood(signwatch, same=4, others=1)
    window = signwatch.monitoring.run().window
    _, query = [query for _, page, query in links(open_page("overview")) if page == "explain"]
    link, problems = ExplainLink.read(dict(parse_qsl(query)))
    assert problems == []
    assert (link.sheet, link.class_id) == ("all", flooding)
    assert (link.since, link.until) == (window.start, window.end)


def test_all_clear_after_an_execution_without_violations(
    open_page: OpenPage, signwatch: Services
) -> None:
    flood(signwatch, same=1, others=3)
    execution = signwatch.monitoring.run()
    at = open_page("overview")
    assert not alerts(at)
    assert values(at.caption)[0] == (
        f":material/check: Latest run, {execution.started_at:%Y-%m-%d %H:%M:%S} UTC, "
        "4 predictions: no violation."
    )
    assert [link[:2] for link in links(at)] == [TRY_IT_LINK, ALL_RUNS]


def test_an_execution_without_traffic_was_not_an_evaluation(
    open_page: OpenPage, signwatch: Services
) -> None:
    execution = signwatch.monitoring.run()
    (warning,) = alerts(open_page("overview"))
    assert (warning.kind, warning.title) == ("warning", "Not evaluated")
    assert warning.text.startswith(execution.message)


def test_a_violation_below_the_threshold_leads_to_the_class_that_gained_most(
    open_page: OpenPage, signwatch: Services
) -> None:
    figures = WindowFigures(5, {14: 2, 2: 2, 1: 1}, 0.75, 0, 0)
    ExecutionsTable(signwatch.log.database).begin(make_execution(figures=figures, threshold=0.5))
    shown = [label for label, *_ in links(open_page("overview"))]
    assert shown[0] == f"Why {class_name(2)}? See the heat maps"


def test_a_run_under_way_leaves_the_headline_to_the_last_that_ended(
    open_page: OpenPage, signwatch: Services
) -> None:
    table = ExecutionsTable(signwatch.log.database)
    table.begin(make_execution(now() - timedelta(minutes=1)))
    running = {"status": ExecutionStatus.IN_PROGRESS, "figures": None, "violations": ()}
    table.begin(make_execution(now(), message="InProgress: under way", **running))
    at = open_page("overview")
    assert [alert.title for alert in alerts(at)] == ["Violation"]
    assert len(moving_charts(at)["runs"]["by_id"]["runs"]["data"]) == 1


def test_a_later_execution_replaces_the_violation(open_page: OpenPage, signwatch: Services) -> None:
    flood(signwatch, same=4, others=1)
    signwatch.monitoring.run()
    signwatch.monitoring.run(threshold=0.9)
    at = open_page("overview")
    assert not alerts(at)
    assert ":material/check: Latest run" in values(at.caption)[0]
    # The traffic is above the threshold in force all the same.
    assert values(at.subheader)[0].startswith(":red[:material/warning:] ")


def test_a_run_that_evaluated_nothing_hides_no_violation(
    open_page: OpenPage, signwatch: Services
) -> None:
    violated = make_execution(now() - timedelta(seconds=15))
    ExecutionsTable(signwatch.log.database).begin(violated)
    signwatch.monitoring.schedules.create(Schedule("once", ONCE, endpoint="nobody"))
    at = open_page("overview")
    empty = signwatch.monitoring.executions(1)[0]
    assert [alert.title for alert in alerts(at)] == ["Violation"]
    assert values(at.caption)[0] == (
        f"The latest run evaluated nothing, {empty.started_at:%Y-%m-%d %H:%M:%S} UTC, "
        f"0 predictions: {empty.message}"
    )


def test_how_many_runs_are_in_violation_is_shown(open_page: OpenPage, signwatch: Services) -> None:
    table = ExecutionsTable(signwatch.log.database)
    for endpoint in ("cars", "trams", "ships"):
        window = replace(signwatch.monitoring.live_window(), endpoint=endpoint)
        table.begin(make_execution(now(), window=window, schedule=None))
    (alert,) = alerts(open_page("overview"))
    assert alert.text.endswith("  \n2 more runs in violation")


@pytest.mark.parametrize(
    ("state", "kind", "title"),
    [
        (LogState.WARNING, "warning", "The capture log needs care"),
        (LogState.DAMAGED, "error", "The capture log is damaged"),
        (LogState.DOWN, "error", "Requests are refused"),
    ],
)
def test_what_is_wrong_with_the_log_stands_first(
    open_page: OpenPage, signwatch: Services, state: LogState, kind: str, title: str
) -> None:
    found = LogHealth(state, NOON, "it is full", "Free some space")
    signwatch.health._latest = found
    shown = alerts(open_page("overview"))
    assert shown == [
        Alert(kind, title, "It is full. Free some space. Since 2026-02-14 12:00:00 UTC.")
    ]


def test_a_log_that_does_not_answer_is_named(open_page: OpenPage, signwatch: Services) -> None:
    signwatch.health.look()
    signwatch.log.close()
    signwatch.health.look()
    at = open_page("overview")
    assert next(alert.title for alert in alerts(at)) == "Requests are refused"
    assert not at.exception


def test_only_the_window_counts(open_page: OpenPage, signwatch: Services) -> None:
    request(signwatch, blocks(1), received_at=now() - timedelta(minutes=6))
    request(signwatch, blocks(2))
    signwatch.monitoring.set_settings(MonitorSettings(0.5, 5))
    at = open_page("overview")
    assert metrics(at)["Predictions in the window"] == ("1", "last 5 min")
    captions = values(at.caption)
    assert [re.sub("[0-9]{2}:[0-9]{2}:[0-9]{2}", "now", caption) for caption in captions] == [
        NOT_RUN,
        "As of now UTC, last 5 min, all endpoints. No baseline yet. Create one on the Monitor "
        "page.",
        "**Drift detector** · Not computed: there is no baseline. Create one from known-good "
        "traffic on the Monitor page or with `baseline create`.",
        "As of now UTC, 10 s a point.",
        "As of now UTC, 10 s a bar.",
    ]


def test_what_was_decided_waits_no_longer(open_page: OpenPage, signwatch: Services) -> None:
    request(signwatch, blocks(0), Provenance(label=1))
    before = metrics(open_page("overview"))["Waiting in triage"]
    put_flagged(signwatch, 0.001)
    capture = put_flagged(signwatch, 0.002, seed=1)
    decide(signwatch, capture.capture_id, Verdict.NOT_A_SIGN)
    waiting, flagged = metrics(open_page("overview"))["Waiting in triage"]
    assert int(waiting) == int(before[0]) + 1
    assert flagged == f"{int(before[0]) + 2} flagged in the window"


def test_it_draws_itself_anew_every_two_seconds(
    open_page: OpenPage, signwatch: Services, messages: list[ForwardMsg]
) -> None:
    at = open_page("overview")
    (rerun,) = [m.auto_rerun for m in messages if m.HasField("auto_rerun")]
    assert rerun.interval == 2
    drawn_by = {m.delta.fragment_id for m in messages if m.HasField("delta")}
    assert rerun.fragment_id in drawn_by  # what is drawn belongs to what is drawn anew
    flooding = flood(signwatch, same=2, others=0)
    assert metrics(at.run())["Most predicted class"][1] == class_name(flooding)


def test_a_shorter_stretch_can_be_shown(open_page: OpenPage, signwatch: Services) -> None:
    request(signwatch, blocks(1), received_at=now() - timedelta(minutes=20))
    request(signwatch, blocks(2), received_at=now() - timedelta(minutes=10))
    request(signwatch, blocks(3))
    at = open_page("overview")
    shown = at.segmented_control(key="shown_minutes")
    assert list(shown.options) == ["5 min", "15 min", "1 h (monitor)", "24 h"]
    assert metrics(at)["Predictions in the window"] == ("3", "last 1 h")
    shown.select(15).run()
    assert metrics(at)["Predictions in the window"] == ("2", "last 15 min")


def test_the_shown_stretch_survives_a_change_of_the_monitors_window(
    open_page: OpenPage, signwatch: Services
) -> None:
    request(signwatch, blocks(1))
    at = open_page("overview")
    signwatch.monitoring.set_settings(MonitorSettings(0.5, 7))
    at.run()
    assert not at.exception
    assert metrics(at)["Predictions in the window"] == ("1", "last 1 h")


def test_the_latest_violation_stays_named_after_all_is_clear(
    open_page: OpenPage, signwatch: Services
) -> None:
    flooding = flood(signwatch, same=4, others=1)
    violated = signwatch.monitoring.run()
    signwatch.monitoring.run(threshold=0.9)
    at = open_page("overview")
    assert values(at.caption)[1] == (
        f"Latest violation, {violated.started_at:%Y-%m-%d %H:%M:%S} UTC: Class {flooding} "
        "predicted 80.00% of the time: Exceeded 50.00% threshold"
    )
    _, query = [query for _, page, query in links(at) if page == "explain"]
    assert dict(parse_qsl(query)) == to_violation(violated, flooding)


def test_figures_that_no_capture_carries_are_not_computed(
    open_page: OpenPage, signwatch: Services
) -> None:
    imported = NO_PREDICTION | {"class_id": 57, "image_sha256": None, "inferred_at": now()}
    signwatch.log.append([make_capture(**imported)], [])
    at = open_page("overview")
    assert metrics(at) == {
        "Most predicted class": ("100.0%", "57 (no sign of ours)"),
        "Predictions in the window": ("1", "last 1 h"),
        "Mean confidence": ("not computed", "no prediction has a confidence"),
        "Waiting in triage": ("0", "suspicion not computed in the window"),
    }
    bars = moving_charts(at)["frequencies"]["by_id"]["window"]["data"]
    assert bars[43]["value"][:3] == ["57", 100.0, "57 (no sign of ours)"]
    assert [link[:2] for link in links(at)] == [TRY_IT_LINK, REVIEW]  # no map of such a class


def test_a_window_of_unreadable_lines_alone(open_page: OpenPage, signwatch: Services) -> None:
    with signwatch.log.database.transaction() as transaction:
        transaction.execute(
            "INSERT INTO log.unreadable (path, line, inferred_at, reason, content) "
            "VALUES ('a.jsonl', 1, ?, 'no JSON', '{')",
            [now().replace(tzinfo=None)],
        )
    at = open_page("overview")
    assert metrics(at)["Most predicted class"] == ("not computed", "no readable prediction")
    assert metrics(at)["Predictions in the window"] == ("1", "last 1 h, 1 unreadable")
    assert values(at.subheader)[1:] == ["Class frequencies"]


def test_class_frequencies_stand_before_the_baseline(
    open_page: OpenPage, signwatch: Services
) -> None:
    flooding = flood(signwatch, same=3, others=1)
    signwatch.monitoring.baselines.create(signwatch.monitoring.live_window())
    at = open_page("overview")
    series = moving_charts(at)["frequencies"]["by_id"]
    assert series["baseline"]["data"][flooding] == 75.0
    assert series["window"]["data"][flooding]["value"][-1] == "75.00% of the baseline"
    confidence = moving_charts(at)["confidence"]["by_id"]["mean"]
    mean = signwatch.monitoring.figures(signwatch.monitoring.live_window()).mean_confidence
    assert confidence["markLine"]["label"]["formatter"] == f"baseline {mean:.1%}"
    assert "No baseline yet" not in " ".join(values(at.caption))


def test_a_baseline_that_cannot_be_used_is_not_shown_as_none(
    open_page: OpenPage, signwatch: Services
) -> None:
    flood(signwatch, same=3, others=1)
    problem = baseline_of_another_model(signwatch)
    at = open_page("overview")
    assert list(moving_charts(at)["frequencies"]["by_id"]) == ["window"]
    (caption,) = [text for text in values(at.caption) if "all endpoints" in text]
    assert caption.endswith(f"Baseline not shown: {problem}.")


def test_executions_stay_in_view_when_traffic_stops(
    open_page: OpenPage, signwatch: Services
) -> None:
    signwatch.monitoring.run()
    (bar,) = moving_charts(open_page("overview"))["runs"]["by_id"]["runs"]["data"]
    assert bar["itemStyle"]["color"] == LIGHT.muted


def test_executions_stand_in_a_strip_with_what_they_found(
    open_page: OpenPage, signwatch: Services
) -> None:
    signwatch.monitoring.run()
    flood(signwatch, same=3, others=1)
    signwatch.monitoring.run(threshold=0.9)
    violated = signwatch.monitoring.run()
    bars = moving_charts(open_page("overview"))["runs"]["by_id"]["runs"]["data"]
    colours = [bar["itemStyle"]["color"] for bar in bars]
    assert colours == [LIGHT.muted, LIGHT.good, LIGHT.alarm]
    assert [bar["label"]["formatter"] for bar in bars] == ["–", "✓", "!"]
    assert bars[-1]["value"][3:] == [violated.message, "4 predictions"]


# The headline: how things stand now


def headline(at: AppTest) -> tuple[str, str]:
    """Its sentence and what stands below."""
    return values(at.subheader)[0], values(at.markdown)[0]


def test_calm_traffic_is_reported_as_calm(open_page: OpenPage, signwatch: Services) -> None:
    flood(signwatch, same=1, others=3)
    assert headline(open_page("overview")) == (
        ":green[:material/check_circle:] As expected: 4 predictions in the last 1 h",
        "No class is above 50%, and no alarm of the drift detector stands.",
    )


def test_what_the_traffic_is_now_stands_first(open_page: OpenPage, signwatch: Services) -> None:
    """Without any run: which class, how much of the traffic, how many flagged, with images."""
    flooding = flood(signwatch, same=6, others=2)
    found = signwatch.monitoring.figures(signwatch.monitoring.live_window())
    at = open_page("overview")
    sentence, below = headline(at)
    assert sentence == (f":red[:material/warning:] {class_name(flooding)} is 75.0% of the last 1 h")
    flagged = signwatch.captures.count(CaptureFilter(class_id=flooding, flagged=True))
    assert below == f"**{flagged:,}** of these predictions are flagged."
    assert found.total == 8
    assert len(at.image) == 1  # all show the same
    (heat_maps,) = [query for label, _, query in links(at) if label == "Heat maps"]
    link, problems = ExplainLink.read(dict(parse_qsl(heat_maps)))
    assert (problems, link.class_id, link.sheet) == ([], flooding, "all")
    (review,) = [query for label, _, query in links(at) if label == "Review"]
    view, problems = TriageView.read(dict(parse_qsl(review)))
    assert (problems, view.predicted) == ([], flooding)


def test_the_monitor_runs_from_here(open_page: OpenPage, signwatch: Services) -> None:
    flooding = flood(signwatch, same=4, others=1)
    at = open_page("overview")
    at.button(key="overview_run_now").click().run()
    (run,) = signwatch.monitoring.executions(5)
    assert (run.trigger, run.figures.total) == (Trigger.MANUAL, 5)
    at.run()
    (violation,) = alerts(at)
    assert f"Class {flooding} predicted 80.00% of the time" in violation.text


def test_a_drill_is_named_where_its_predictions_count(
    open_page: OpenPage, signwatch: Services
) -> None:
    request(signwatch, blocks(1), Provenance(source=f"{MARK}one/0"))
    request(signwatch, blocks(2))
    assert " 1 of these predictions was sent by a drill." in headline(open_page("overview"))[1]
    request(signwatch, blocks(3), Provenance(source=f"{MARK}one/1"))
    assert " 2 of these predictions were sent by a drill." in headline(open_page("overview"))[1]


def test_a_click_on_an_empty_log_tells_the_story(
    open_page: OpenPage, signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def run(progress: object, cancelled: object, *, with_baseline: bool) -> SendReport:
        asked.append(with_baseline)
        flood(signwatch, same=4, others=1)
        return SendReport(60, 48, NOON, NOON, 3.0, {14: 50})

    monkeypatch.setattr(signwatch.demonstration, "run", run)
    at = open_page("overview")
    at.button(key="overview_story").click().run()
    at.run()
    assert asked == [True]
    assert alerts(at)[0].text == (
        "60 requests went out, 48 of them adversarial. The alarm follows within seconds."
    )
    assert ("Give the first verdict", "triage") in [link[:2] for link in links(at)]
    assert "80.0% of the last 1 h" in values(at.subheader)[0]
