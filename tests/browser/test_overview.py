"""The Overview under traffic: charts are never faded or missing, and an open tooltip stays."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, Dashboard, NewPage
from tests.support.acts import see_page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium")]
REDRAWN = 6  # times that the page is watched being drawn anew
CHARTS = 3  # without a baseline and runs
OPACITIES = """() => [...document.querySelectorAll("canvas")].map((canvas) => {
    let least = 1;
    for (let node = canvas; node; node = node.parentElement)
        least = Math.min(least, parseFloat(getComputedStyle(node).opacity));
    return least;
})"""
TOOLTIPS = """() => [...document.querySelectorAll("div")].filter((each) =>
    getComputedStyle(each).position === "absolute" && getComputedStyle(each).opacity > 0 &&
    / of the window \\([\\d,]+ predictions?\\)/.test(each.textContent)).length"""


def test_charts_stand_still_and_a_tooltip_stays(
    fresh_dashboard: Dashboard, new_page: NewPage
) -> None:
    signs = requests(fresh_dashboard)
    next(signs)
    page = new_page()
    page.goto(fresh_dashboard.url)
    see_page(page, "Overview")
    expect(page.locator("canvas")).to_have_count(CHARTS)
    hover(page)
    page.wait_for_function(f"({TOOLTIPS})() > 0")
    opacities, open_tooltips, seen = [], [], {as_of(page)}
    while len(seen) < REDRAWN:
        next(signs)
        opacities.append(page.evaluate(OPACITIES))
        open_tooltips.append(page.evaluate(TOOLTIPS))
        seen.add(as_of(page))
    assert len(opacities) > REDRAWN
    assert {len(each) for each in opacities} == {CHARTS}
    assert min(min(each) for each in opacities) == 1
    assert min(open_tooltips) > 0


def requests(dashboard: Dashboard) -> Iterator[int]:
    """Sends a sample sign each time that it is asked."""
    files = sorted((ROOT / "data" / "samples").glob("*/*.png"))
    with httpx.Client(base_url=dashboard.url) as client:
        for number in range(10_000):
            content = files[number % len(files)].read_bytes()
            sent = client.post(
                "/invocations", content=content, headers={"Content-Type": "image/png"}
            )
            assert sent.status_code == 200
            yield number


def hover(page: Page) -> None:
    """Rest on the middle of the class frequencies."""
    box = page.locator("canvas").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def as_of(page: Page) -> str:
    """When the first chart was drawn."""
    caption = page.get_by_text(re.compile(r"^As of \d\d:\d\d:\d\d UTC")).first
    return caption.inner_text()
