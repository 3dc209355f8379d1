"""Every page with data in it, on a phone and on a screen, by day and by night."""

from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Attacked, NewPage, with_image
from tests.support.acts import (
    MONITOR_TABS,
    PAGES,
    address,
    alert,
    metric,
    see_page,
    see_tab,
)

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium")]
BACKGROUND = {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 21, 28)"}


def overflow(page: Page) -> dict[str, int]:
    """By how many pixels the document, and what scrolls in it, is wider than the window."""
    return page.evaluate(
        """() => Object.fromEntries(
            [document.documentElement, document.querySelector('[data-testid=stMain]')]
                .map((each) => [each.tagName, each.scrollWidth - each.clientWidth]))"""
    )


@pytest.mark.parametrize(("width", "scheme"), [(400, "light"), (1400, "dark")])
def test_every_page_fits(
    width: int, scheme: str, attacked: Attacked, new_page: NewPage, tmp_path: Path
) -> None:
    page = new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    with with_image(tmp_path, page):
        for title in PAGES:
            page.goto(attacked.dashboard.url + address(title))
            see_page(page, title)
            expect(page.get_by_test_id("stApp")).to_have_css("background-color", BACKGROUND[scheme])
            assert overflow(page) == {"HTML": 0, "MAIN": 0}, title
        for tab in MONITOR_TABS:
            page.goto(f"{attacked.dashboard.url}/monitor?tab={quote(tab)}")
            see_tab(page, tab)
            see_page(page, "Monitor")
            assert overflow(page) == {"HTML": 0, "MAIN": 0}, tab


def test_the_violation_stands_on_the_overview(attacked: Attacked, new_page: NewPage) -> None:
    page = new_page()
    page.goto(attacked.dashboard.url)
    expect(alert(page, "CompletedWithViolations: Class 14 predicted")).to_be_visible()
    expect(metric(page, "Waiting in triage")).not_to_have_text("0")
