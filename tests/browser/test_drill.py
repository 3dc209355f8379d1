"""A drill by its button, on the running program: the alarm names Stop, and the alert arrives."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core import client
from tests.browser.conftest import Dashboard, NewPage, running_dashboard, with_image
from tests.support.acts import alert, go, open_tab, press
from tests.support.webhook import Webhook

pytestmark = pytest.mark.browser
DRILL_SECONDS = 600  # a drill sends some 1,500 requests, and is waited for


@pytest.fixture
def alerting_dashboard(tmp_path: Path, hook: Webhook) -> Iterator[Dashboard]:
    with running_dashboard(tmp_path, SIGNWATCH_ALERTS=hook.url) as dashboard:
        yield dashboard


def test_half_of_the_traffic_attacked_towards_stop_is_noticed_and_reported(
    alerting_dashboard: Dashboard, hook: Webhook, new_page: NewPage, tmp_path: Path
) -> None:
    made = alerting_dashboard.run("baseline", "create", "--data", "data/samples")
    assert made.returncode == 0, made.stderr
    page = new_page()
    with with_image(tmp_path, page):
        page.goto(alerting_dashboard.url)
        go(page, "Monitor")
        open_tab(page, "Drills")
        press(page, "Start drill")
        expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_visible()
        the_report_names_stop(page, hook)
        a_run_carries_the_mark(page)
    assert hook.titles[0].startswith("Signwatch alert (drill): Class 14 (Stop) is ")
    assert hook.titles[-1].startswith("Signwatch (drill): clean again after ")
    in_log = client.read(alerting_dashboard.url, "/api/drills")["drills"]
    assert [(each["plan"]["share"], each["told"]["class_id"]) for each in in_log] == [(0.5, 14)]
    assert in_log[0]["lasting"] == ""


def the_report_names_stop(page: Page, hook: Webhook) -> None:
    noticed = alert(
        page,
        re.compile(
            r"Alarm \d+ predictions and \d+\.\d s after the first attacked one: Class 14 "
            r"\(Stop\) is "
        ),
    )
    expect(noticed).to_be_visible(timeout=DRILL_SECONDS * 1000)
    expect(page.get_by_text(re.compile(f"^check Alert delivered to {hook.label}"))).to_be_visible()


def a_run_carries_the_mark(page: Page) -> None:
    open_tab(page, "Runs")
    expect(alert(page, re.compile("Drill: .* were sent by a drill"))).to_be_visible()
