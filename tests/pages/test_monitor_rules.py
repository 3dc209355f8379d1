"""Monitor: the baseline in force, and the outcome of every rule."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.monitoring.baseline import Baseline
from core.monitoring.baselines import files_of
from core.records.window import now
from core.services import Services
from core.store import ExecutionsTable
from tests.pages.conftest import OpenPage
from tests.support.elements import Alert, alerts, charts, labelled, labels, values
from tests.support.records import make_capture, make_execution, make_prediction
from tests.support.traffic import baseline_of_another_model, flood

EVERY_CLASS = Baseline(43, dict.fromkeys(range(43), 100))
NO_BASELINE = (
    "No baseline yet. Only two rules are active. Create a baseline from known-good traffic to "
    "enable the rest."
)


def put(signwatch: Services, *class_ids: int) -> None:
    captures = [make_capture(prediction=make_prediction(k), inferred_at=now()) for k in class_ids]
    signwatch.log.append(captures, [])


def starting(at: AppTest, start: str) -> list[str]:
    return [text for text in values(at.markdown) if text.startswith(start)]


def badges(at: AppTest) -> list[str]:
    """The states of the rules, from top to bottom."""
    states = ("Holds", "Violated", "Not computed")
    return [
        state
        for text in values(at.markdown)
        for state in states
        if text.startswith(":") and f" {state}" in text
    ]


def test_without_a_baseline_it_says_how_to_make_one(open_page: OpenPage) -> None:
    at = open_page("monitor", tab="Baseline")
    assert NO_BASELINE in values(at.markdown)
    assert [each.label for each in at.expander if each.proto.expanded] == ["Create a baseline"]
    assert "baseline_chart" not in charts(at)


def test_another_baseline_can_be_put_in_force(open_page: OpenPage, signwatch: Services) -> None:
    first, second = (
        signwatch.monitoring.baselines.add(files_of(EVERY_CLASS), origin=text)
        for text in ("one", "two")
    )
    at = open_page("monitor", tab="Baseline")
    chooser = labelled(at.selectbox, "Baseline in force")
    assert chooser.value == second.baseline_id
    chooser.select(first.baseline_id).run()
    assert not at.exception
    assert signwatch.monitoring.baselines.in_force_id() == first.baseline_id
    assert labelled(at.selectbox, "Baseline in force").value == first.baseline_id


def test_the_files_can_be_taken_along(
    open_page: OpenPage, signwatch: Services, downloads: dict[str, Callable[[], bytes]]
) -> None:
    files = files_of(EVERY_CLASS)
    signwatch.monitoring.baselines.add(files, origin="one")
    at = open_page("monitor", tab="Baseline")
    assert downloads["statistics.json"]().decode() == files.statistics
    assert downloads["constraints.json"]().decode() == files.constraints
    assert at.button(key="baseline_import").disabled


def drop(open_page: OpenPage, statistics: str, constraints: bytes) -> AppTest:
    """Drop both files, and use them."""
    at = open_page("monitor", tab="Baseline")
    uploader = at.file_uploader(key="baseline_files")
    uploader.upload("statistics.json", statistics.encode(), "application/json")
    uploader.upload("constraints.json", constraints, "application/json").run()
    at.button(key="baseline_import").click().run()
    assert not at.exception
    return at


def test_one_file_is_not_enough(open_page: OpenPage) -> None:
    at = open_page("monitor", tab="Baseline")
    content = files_of(EVERY_CLASS).statistics.encode()
    at.file_uploader(key="baseline_files").upload("statistics.json", content).run()
    assert "Drop both files: statistics.json and constraints.json." in values(at.caption)
    assert at.button(key="baseline_import").disabled


def test_files_of_model_monitor_are_taken_and_bad_ones_refused(
    open_page: OpenPage, signwatch: Services
) -> None:
    files = files_of(EVERY_CLASS)
    at = drop(open_page, files.statistics, b"\xff")
    (problem,) = [alert for alert in alerts(at) if alert.kind == "error"]
    assert problem.text == "constraints.json must be text in UTF-8: surrogates not allowed"
    assert signwatch.monitoring.baselines.all() == []
    drop(open_page, files.statistics, files.constraints.encode())
    (stored,) = signwatch.monitoring.baselines.all()
    assert (stored.origin, stored.predictions) == ("imported files", 4_300)


def test_a_baseline_that_cannot_be_used_is_named(open_page: OpenPage, signwatch: Services) -> None:
    problem = baseline_of_another_model(signwatch)
    assert Alert("error", "", problem) in alerts(open_page("monitor", tab="Baseline"))
    at = open_page("monitor")
    put(signwatch, 1, 2)
    labelled(at.button, "Run now").click().run()
    assert len([text for text in values(at.markdown) if problem in text]) == 7


def test_every_rule_shows_state_parameter_and_sentences(
    open_page: OpenPage, signwatch: Services
) -> None:
    signwatch.monitoring.baselines.add(files_of(EVERY_CLASS), origin="one")
    put(signwatch, *[14] * 30, *range(43))
    done = signwatch.monitoring.run()
    at = open_page("monitor")
    assert badges(at) == [
        "Holds",
        "Holds",
        "Violated",
        "Holds",
        "Not computed",
        "Violated",
        "Violated",
        "Not computed",
    ]
    share = done.outcomes[0]
    assert (
        f"**class share (SageMaker-compatible)** · largest share 0.5  \n{share.sentence}"
        in values(at.markdown)
    )
    assert "Alarms when one class holds more than this share of a window's predictions." in values(
        at.caption
    )
    assert "For comparison: rules that do not decide the status" in labels(at.expander)
    behind, window = charts(at)["execution_chart"]["data"]
    assert behind["y"][14] == pytest.approx(1 / 43)
    assert window["y"][14] == pytest.approx(31 / 73)
    assert starting(at, "Furthest") == [
        "Furthest from the baseline: **14 Stop**, 42.5% of the window and 2.3% of the baseline."
    ]


def test_an_empty_window_and_no_baseline_are_not_computed(
    open_page: OpenPage, signwatch: Services
) -> None:
    signwatch.monitoring.run()
    assert badges(open_page("monitor")) == ["Not computed"] * 8
    flood(signwatch, same=1, others=1)
    signwatch.monitoring.run()
    assert badges(open_page("monitor")) == ["Holds", "Holds", *["Not computed"] * 6]


def test_an_execution_of_before_says_that_it_kept_no_outcomes(
    open_page: OpenPage, signwatch: Services
) -> None:
    ExecutionsTable(signwatch.log.database).begin(replace(make_execution(), baseline_id="gone"))
    at = open_page("monitor")
    assert "This run is from an earlier version, which kept violations only." in values(at.caption)
