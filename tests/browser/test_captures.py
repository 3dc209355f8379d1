"""The Captures page under a hand: filter, turn pages, open one, come back, take it home."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import REPLAYED, Attacked, NewPage, with_image
from tests.support.acts import go, press, see_page

pytestmark = pytest.mark.browser
HEADER, ROW = 35, 48  # heights in the table, in pixels
PAGE = 25


def place(page: Page, count: int, matching: int) -> None:
    """The page is drawn and says how many captures it shows and how many match."""
    text = re.compile(rf"^{count} captures, .* UTC · {matching} match, as of ")
    expect(page.get_by_text(text)).to_have_count(1)  # an older run may still stand beside it
    see_page(page, "Captures")


def test_filter_turn_open_reload_download(
    attacked: Attacked, new_page: NewPage, tmp_path: Path
) -> None:
    page = new_page(accept_downloads=True)
    page.goto(attacked.dashboard.url)
    with with_image(tmp_path, page):
        go(page, "Captures")
        place(page, PAGE, 2 * REPLAYED)
        stops = json.loads(attacked.replay_clean.stdout)["counts"].get("14", 0)
        stops += json.loads(attacked.replay_attacked.stdout)["counts"]["14"]
        filtered_to_stop_signs(page, stops)
        capture_id = an_older_one_is_opened(page, stops)
        a_reload_keeps_it(page, capture_id, stops)
        all_that_match_are_downloaded(page, stops)
        the_chip_takes_the_filter_away(page)


def filtered_to_stop_signs(page: Page, stops: int) -> None:
    press(page, "Filter")
    chosen = page.get_by_role("combobox", name="Predicted class")
    chosen.fill("Stop")
    chosen.press("Enter")
    press(page, "Apply")
    expect(page).to_have_url(re.compile(r"[?&]predicted=14(&|$)"))
    place(page, PAGE, stops)


def an_older_one_is_opened(page: Page, stops: int) -> str:
    """Returns its id."""
    press(page, "Older")
    place(page, stops - PAGE, stops)
    page.get_by_test_id("stDataFrame").click(position={"x": 15, "y": HEADER + ROW // 2})
    expect(page).to_have_url(re.compile(r"[?&]capture=[0-9a-f-]{36}(&|$)"))
    see_opened(page)
    found = re.search(r"[?&]capture=([0-9a-f-]{36})", page.url)
    assert found
    return found[1]


def see_opened(page: Page) -> None:
    expect(page.get_by_role("heading", name="Opened capture")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^14 Stop · \d+\.\d% confident$"))).to_be_visible()
    see_page(page, "Captures")


def a_reload_keeps_it(page: Page, capture_id: str, stops: int) -> None:
    page.reload()
    place(page, stops - PAGE, stops)
    see_opened(page)
    named = page.get_by_test_id("stCode").get_by_text(capture_id, exact=True)
    expect(named).to_be_visible()


def all_that_match_are_downloaded(page: Page, stops: int) -> None:
    press(page, "Download")
    press(page, f"Prepare: All {stops} captures")
    with page.expect_download() as downloading:
        page.get_by_role("button", name=re.compile(rf"^All {stops} captures \(")).click()
    assert downloading.value.suggested_filename == "signwatch-captures.zip"
    content = Path(downloading.value.path()).read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        lines = [json.loads(line) for line in archive.read("captures.jsonl").splitlines()]
        images = [name for name in archive.namelist() if name.startswith("pictures/")]
    assert len(lines) == stops
    assert {line["captureData"]["endpointOutput"]["data"] for line in lines} == {"[[14]]"}
    assert 0 < len(images) <= stops
    page.keyboard.press("Escape")


def the_chip_takes_the_filter_away(page: Page) -> None:
    press(page, "14 Stop")
    place(page, PAGE, 2 * REPLAYED)
    assert "predicted" not in page.url
