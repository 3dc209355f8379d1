"""What a role may not change is off on the pages, and says why."""

from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.records.plain_text import plain
from core.records.verdicts import Verdict
from core.services import Services
from tests.pages.conftest import SHELL, go_to
from tests.support.traffic import decide, put_flagged

BO = {"is_logged_in": True, "name": "Bo", "email": "bo@example.org", "email_verified": True}
ADA = BO | {"name": "Ada", "email": "ada@example.org"}
CY = BO | {"name": "Cy", "email": "cy@example.org"}
ONLY_ANALYSTS = "Only analysts may "
ONLY_ADMINISTRATORS = "Only administrators may "
NAMES = sorted(each.stem for each in SHELL.parent.glob("*.py") if each != SHELL)


@pytest.fixture
def watched(environment: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Services:
    """With captures, a verdict, a baseline, a run and a channel, so that every control is there."""
    environment.setenv("SIGNWATCH_ANALYSTS", "ada@example.org cy@example.org")
    environment.setenv("SIGNWATCH_ADMINISTRATORS", "cy@example.org")
    environment.setenv("SIGNWATCH_ALERTS", "json://localhost:1")
    signwatch: Services = request.getfixturevalue("signwatch")
    first, *_ = [put_flagged(signwatch, 0.001, seed=seed) for seed in range(3)]
    decide(signwatch, first.capture_id, Verdict.NOT_A_SIGN)
    signwatch.monitoring.baselines.create(signwatch.monitoring.live_window())
    signwatch.monitoring.baselines.create(signwatch.monitoring.live_window())
    signwatch.monitoring.run()
    return signwatch


def opened(user: dict[str, object], name: str, **query: str) -> AppTest:
    at = AppTest.from_file(SHELL, default_timeout=120)
    at.user = user
    at.run()
    assert not at.exception
    return go_to(at, name, **query)


def acts(at: AppTest) -> Iterator[tuple[str, Any]]:
    """Everything that can be pressed or set on a page, and how."""
    for kind in (
        "button",
        "toggle",
        "checkbox",
        "number_input",
        "text_input",
        "slider",
        "selectbox",
    ):
        for number, each in enumerate(at.get(kind)):
            yield f"{kind} {number} {each.proto.label}", each


def refusing(at: AppTest, words: str) -> set[str]:
    """Labels of controls that are off and say why."""
    return {
        each.proto.label
        for _, each in acts(at)
        if each.proto.disabled and each.proto.help.startswith(words)
    }


def test_controls_are_off_and_say_why(watched: Services) -> None:
    administrators = {
        "Rules": {"Save"},
        "Schedules and alerts": {
            "Send test",
            "Run it now",
            "Stop",
            "Add",
            "Keep changes",
            "Delete",
        },
        "Baseline": {"Preview", "Baseline in force", "Use these files"},
        "Drift detector": {"Save"},
        "Drills": {"Start drill"},
    }
    for user in (BO, ADA):
        for tab, labels in administrators.items():
            at = opened(user, "monitor", tab=tab)
            assert labels <= refusing(at, ONLY_ADMINISTRATORS), tab
            assert refusing(at, ONLY_ANALYSTS) == set(), tab
    assert refusing(opened(BO, "monitor"), ONLY_ANALYSTS) == {"Run now"}
    assert refusing(opened(ADA, "monitor"), "Only ") == set()
    assert refusing(opened(BO, "captures"), ONLY_ADMINISTRATORS) == {"Save"}
    assert {each.words.capitalize() for each in Verdict} <= refusing(
        opened(BO, "triage"), ONLY_ANALYSTS
    )
    assert "Take eight sample signs instead" in refusing(opened(BO, "classify"), ONLY_ANALYSTS)


def test_an_administrator_is_refused_nothing(watched: Services) -> None:
    for name in NAMES:
        assert refusing(opened(CY, name), "Only ") == set(), name
    for tab in ("Rules", "Schedules and alerts", "Baseline", "Drift detector", "Drills"):
        assert refusing(opened(CY, "monitor", tab=tab), "Only ") == set(), tab


def test_the_sidebar_names_the_role(watched: Services) -> None:
    shown = {user["name"]: opened(user, "model").sidebar.caption[0].value for user in (BO, ADA, CY)}
    assert shown == {
        "Bo": plain("Bo <bo@example.org>") + " (view only)",
        "Ada": plain("Ada <ada@example.org>") + " (analyst)",
        "Cy": plain("Cy <cy@example.org>"),
    }


def test_an_analyst_runs_the_monitor_and_changes_no_threshold(watched: Services) -> None:
    runs = len(watched.monitoring.executions(99))
    at = opened(ADA, "monitor")
    next(each for each in at.button if each.proto.label == "Run now").click().run()
    assert not at.exception
    assert len(watched.monitoring.executions(99)) == runs + 1
    at = opened(ADA, "monitor", tab="Rules")
    assert next(each for each in at.button if each.proto.label == "Save").disabled
