"""Monitor: a baseline is previewed, with what speaks against it, before it is in force."""

from datetime import timedelta

from streamlit.testing.v1 import AppTest

from core import samples
from core.labels import class_name
from core.records.window import now
from core.services import Services
from pages._monitor.baseline_create import LATEST, STRETCH
from tests.pages.conftest import OpenPage
from tests.support.elements import alerts, charts, labelled, labels, metrics, values
from tests.support.records import NOON, make_capture, make_prediction
from tests.support.traffic import flood

EVERY_CLASS = [*range(43)] * 5
TITLE = "Look at this before you use it"


def put(signwatch: Services, *class_ids: int, **changes: object) -> None:
    changes.setdefault("inferred_at", now() - timedelta(minutes=1))
    captures = [make_capture(prediction=make_prediction(k), **changes) for k in class_ids]
    signwatch.log.append(captures, [])


def opened(open_page: OpenPage, source: str | None = None) -> AppTest:
    at = open_page("monitor", tab="Baseline")
    if source:
        at.segmented_control(key="baseline_source").set_value(source).run()
    return at


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception
    return at


def objections(at: AppTest) -> list[str]:
    return [
        line.removeprefix("- ")
        for alert in alerts(at)
        if alert.title == TITLE
        for line in alert.text.splitlines()
    ]


def test_a_preview_keeps_nothing_until_it_is_used(open_page: OpenPage, signwatch: Services) -> None:
    baselines = signwatch.monitoring.baselines
    put(signwatch, *EVERY_CLASS)
    at = press(opened(open_page, LATEST), "baseline_preview")
    assert baselines.all() == []
    assert metrics(at) == {
        "Predictions": ("215", ""),
        "Classes seen": ("43 of 43", ""),
        "Flagged": ("0.0%", ""),
        "Alarms in its own stretch": ("0", ""),
    }
    (bars,) = charts(at)["baseline_preview_chart"]["data"]
    assert (bars["x"][14], bars["y"][14]) == (class_name(14), 5)
    assert objections(at) == []
    put(signwatch, 1, 2)  # what comes meanwhile is not in what was shown
    press(at, "baseline_use")
    (stored,) = baselines.all()
    assert (stored.predictions, baselines.in_force_id()) == (215, stored.baseline_id)
    assert values(at.toast) == [
        f"In force: baseline of 215 predictions from {stored.origin[:60]}…."
        if len(stored.origin) > 60
        else f"In force: baseline of 215 predictions from {stored.origin}."
    ]
    assert "baseline_use" not in [each.key for each in at.button]
    assert not any(each.proto.expanded for each in at.expander)
    assert charts(at)["baseline_chart"]["data"][0]["name"] == "baseline"


def test_what_speaks_against_it_has_to_be_confirmed(
    open_page: OpenPage, signwatch: Services
) -> None:
    flooding = flood(signwatch, same=4, others=1)
    run = signwatch.monitoring.run()
    at = press(opened(open_page, LATEST), "baseline_preview")
    first, unseen, few, violated, when = objections(at)
    assert first == "Only 5 predictions. 215 are advisable: 5 for each of 43 classes."
    assert unseen.startswith("41 classes were never seen: ")
    assert unseen.endswith(" and 36 more. Later predictions of them look like drift.")
    assert few.startswith("2 classes were seen fewer than 5 times: ")
    assert class_name(flooding) in few
    assert violated == "1 run over part of this stretch found violations, so it may hold an attack."
    assert when.replace("\\", "") == f"{run.started_at:%Y-%m-%d %H:%M} UTC: {run.message}"
    assert labelled(at.button, "Use as the baseline").disabled
    at.checkbox(key="baseline_sure").check().run()
    press(at, "baseline_use")
    assert len(signwatch.monitoring.baselines.all()) == 1


def test_one_is_made_from_as_many_minutes_as_are_asked_for(
    open_page: OpenPage, signwatch: Services
) -> None:
    put(signwatch, 1, 2)
    put(signwatch, 3, inferred_at=now() - timedelta(minutes=20))
    at = opened(open_page, LATEST)
    at.number_input(key="baseline_minutes").set_value(5)
    assert metrics(press(at, "baseline_preview"))["Predictions"] == ("2", "")
    at.number_input(key="baseline_minutes").set_value(30)
    assert metrics(press(at, "baseline_preview"))["Predictions"] == ("3", "")


def test_one_is_made_from_a_stretch_of_time_and_an_endpoint(
    open_page: OpenPage, signwatch: Services
) -> None:
    put(signwatch, 1, 1, inferred_at=NOON, endpoint="cars")
    put(signwatch, 2, inferred_at=NOON)
    put(signwatch, 3, inferred_at=NOON + timedelta(hours=2))
    at = opened(open_page, STRETCH)
    at.datetime_input(key="baseline_since").set_value(NOON.replace(tzinfo=None))
    until = (NOON + timedelta(hours=1)).replace(tzinfo=None)
    at.datetime_input(key="baseline_until").set_value(until)
    assert metrics(press(at, "baseline_preview"))["Predictions"] == ("3", "")
    at.text_input(key="baseline_endpoint").set_value("cars")
    assert metrics(press(at, "baseline_preview"))["Predictions"] == ("2", "")
    at.datetime_input(key="baseline_until").set_value(NOON.replace(tzinfo=None))
    press(at, "baseline_preview")
    assert [alert.kind for alert in alerts(at)] == ["error"]
    assert not at.metric


def test_one_is_made_from_the_sample_signs(open_page: OpenPage, signwatch: Services) -> None:
    at = press(opened(open_page), "baseline_preview")
    assert metrics(at)["Predictions"] == (f"{len(samples.all_samples())}", "")
    assert "Alarms in its own stretch" not in metrics(at)
    if objections(at):
        at.checkbox(key="baseline_sure").check().run()
    press(at, "baseline_use")
    (stored,) = signwatch.monitoring.baselines.all()
    assert stored.origin.startswith("data set samples, ")


def test_without_captures_it_says_why_there_is_no_preview(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = press(opened(open_page, LATEST), "baseline_preview")
    (problem,) = [alert for alert in alerts(at) if alert.kind == "error"]
    assert problem.text.startswith("no prediction between ")
    assert "Use as the baseline" not in labels(at.button)
