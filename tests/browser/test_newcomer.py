"""Somebody new to adversarial examples, and three clicks to one."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Attacked, Dashboard, NewPage, with_image
from tests.support.acts import alert, go, press, see_page

pytestmark = pytest.mark.browser
COUNT_CLICKS = "window.clicks = 0; window.addEventListener('click', () => window.clicks++, true)"


def fool_the_classifier(page: Page, url: str) -> None:
    """From the start page to the adversarial example, clicks counted by the page itself."""
    page.goto(url)
    page.evaluate(COUNT_CLICKS)
    page.get_by_role("link", name="Try it: fool the classifier").click()
    see_page(page, "Attack")
    press(page, "Attack")
    verdict = alert(page, "Misclassified, also after saving as PNG")
    expect(verdict).to_contain_text(
        "The sign still shows 12 Priority road, and the classifier predicts"
    )
    expect(verdict).to_contain_text("The change: at most 8 of 255 levels per colour value")
    expect(verdict).to_contain_text(re.compile(r"predicts 14 Stop \((9\d|100)\.\d%\)"))
    for image in ("Original", "Adversarial"):
        expect(page.get_by_role("img", name=image, exact=True).first).to_be_visible()
    assert page.evaluate("window.clicks") <= 3


def test_three_clicks_to_an_adversarial_example(
    fresh_dashboard: Dashboard, new_page: NewPage, tmp_path: Path
) -> None:
    page = new_page()
    with with_image(tmp_path, page):
        fool_the_classifier(page, fresh_dashboard.url)


def test_also_where_there_is_traffic_and_on_a_phone(
    attacked: Attacked, new_page: NewPage, tmp_path: Path
) -> None:
    page = new_page(viewport={"width": 420, "height": 900})
    with with_image(tmp_path, page):
        fool_the_classifier(page, attacked.dashboard.url)


def test_an_attack_under_way_is_cancelled(
    attacked: Attacked, new_page: NewPage, tmp_path: Path
) -> None:
    page = new_page()
    with with_image(tmp_path, page):
        page.goto(f"{attacked.dashboard.url}/attack?attack=pgd&epsilon=1&steps=1000&sure=yes")
        press(page, "Attack")
        press(page, "Cancel")
        expect(alert(page, "PGD was cancelled after")).to_be_visible()
        expect(page.get_by_role("button", name="Attack", exact=True)).to_be_enabled()
        go(page, "Explain")
        expect(page.get_by_text("Latest attack")).to_have_count(0)
