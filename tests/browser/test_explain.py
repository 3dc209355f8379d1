"""From a violation to why: two clicks to the adversarial image beside its clean one."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Attacked, NewPage, with_image
from tests.support.acts import COUNT_CLICKS, alert, heat_maps, see_page, stand_side_by_side

pytestmark = pytest.mark.browser


def test_two_clicks_from_a_violation_to_both_heat_maps(
    attacked: Attacked, new_page: NewPage, tmp_path: Path
) -> None:
    page = new_page()
    with with_image(tmp_path, page):
        page.goto(attacked.dashboard.url)
        expect(alert(page, "CompletedWithViolations: Class 14 predicted")).to_be_visible()
        page.evaluate(COUNT_CLICKS)
        page.get_by_role("link", name="Why 14 Stop? See the heat maps").click()
        the_sheet_shows_what_was_looked_at(page)
        page.get_by_role("link", name=re.compile(r"^Open · \d+%$")).first.click()
        the_pair_stands_side_by_side(page)
        assert page.evaluate("window.clicks") == 2
        the_address_alone_shows_the_same(page)


def the_sheet_shows_what_was_looked_at(page: Page) -> None:
    question = "What did the model look at when it predicted 14 Stop?"
    expect(page.get_by_role("heading", name=question)).to_be_visible()
    see_page(page, "Explain")
    tiles = page.get_by_text(re.compile(r"^Adversarial or flagged \(\d+ of 3[2-4]\)$"))
    expect(tiles).to_be_visible()
    expect(page.get_by_role("link", name=re.compile(r"^Open · \d+%$")).first).to_be_visible()


def the_pair_stands_side_by_side(page: Page) -> None:
    expect(page).to_have_url(re.compile(r"/explain\?capture=[0-9a-f-]{36}$"))
    expect(page.get_by_role("heading", name=re.compile(r"^14 Stop · \d+\.\d%"))).to_be_visible()
    see_page(page, "Explain")
    readings = page.get_by_role("heading", name=re.compile(r"^\d+ .+ · \d+\.\d%"))
    expect(readings).to_have_count(2)
    expect(readings.nth(1)).not_to_contain_text("14 Stop")
    expect(page.get_by_text("made by deepfool, aimed at 14 Stop")).to_be_visible()
    maps = heat_maps(page)
    expect(maps).to_have_count(3)  # adversarial, clean, their difference
    assert stand_side_by_side(maps.nth(0), maps.nth(1))
    for number in (0, 1):
        expect(maps.nth(number).locator(".hm")).to_have_count(2)  # over the image, and alone
        reading, shown = readings.nth(number).bounding_box(), maps.nth(number).bounding_box()
        assert reading is not None
        assert shown is not None
        assert reading["y"] < shown["y"]  # the prediction stands over its map


def the_address_alone_shows_the_same(page: Page) -> None:
    page.goto(page.url)
    see_page(page, "Explain")
    expect(heat_maps(page)).to_have_count(3)


def test_the_report_is_taken_home(attacked: Attacked, new_page: NewPage, tmp_path: Path) -> None:
    page = new_page(accept_downloads=True)
    with with_image(tmp_path, page):
        page.goto(f"{attacked.dashboard.url}/explain?sheet=suspect&class=14&count=6")
        page.get_by_role("link", name=re.compile(r"^Open · \d+%$")).first.click()
        expect(page.get_by_text("made by deepfool, aimed at 14 Stop")).to_be_visible()
        see_page(page, "Explain")
        with page.expect_download() as downloading:
            page.get_by_role("button", name="Report (HTML)").click()
        report = tmp_path / downloading.value.suggested_filename
        downloading.value.save_as(report)
    asked: list[str] = []
    reader = new_page()
    reader.on("request", lambda request: asked.append(request.url))
    reader.goto(report.as_uri())
    expect(reader.get_by_role("heading", name=re.compile(r"^Why 14 Stop and "))).to_be_visible()
    expect(reader.get_by_role("img")).to_have_count(7)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
