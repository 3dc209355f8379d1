"""Somebody new to adversarial examples, and three clicks to one; how work under way is stopped.

`test_story.py` begins with the three clicks where there is no traffic yet.
"""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Attacked, NewPage, with_image
from tests.support.acts import alert, fool_the_classifier, go, press

pytestmark = pytest.mark.browser


def test_three_clicks_to_an_adversarial_example_on_a_phone(
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
