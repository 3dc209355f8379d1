"""What a person does on the pages, and what they see."""

import base64
import json
import re
from collections.abc import Mapping

from playwright.sync_api import Locator, Page, expect

COUNT_CLICKS = "window.clicks = 0; window.addEventListener('click', () => window.clicks++, true)"
PAGES = ("Overview", "Monitor", "Captures", "Triage", "Explain", "Classify", "Attack", "Model")
MONITOR_TABS = (
    "Runs",
    "Rules",
    "Schedules and alerts",
    "Baseline",
    "Drift detector",
    "Drills",
    "Backtest",
)
DROP = """
(zone, files) => {
    const carried = new DataTransfer();
    for (const [name, content] of Object.entries(JSON.parse(files))) {
        const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
        carried.items.add(new File([bytes], name, {type: "image/png"}));
    }
    for (const kind of ["dragenter", "dragover", "drop"]) {
        const event = new DragEvent(kind, {
            bubbles: true, cancelable: true, composed: true, dataTransfer: carried,
        });
        zone.dispatchEvent(event);
    }
}
"""


def address(title: str) -> str:
    """Path of the page of that title."""
    return "/" if title == "Overview" else f"/{title.lower()}"


def go(page: Page, title: str) -> None:
    """Click the page in the navigation, and wait until it is drawn."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
    see_page(page, title)


def see_page(page: Page, title: str) -> None:
    """The page is drawn to its end, and without an exception."""
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def open_tab(page: Page, name: str) -> None:
    """Click a tab of the page, and wait until its part is drawn."""
    page.get_by_role("tab", name=name, exact=True).click()
    see_tab(page, name)


def see_tab(page: Page, name: str) -> None:
    """That tab is open."""
    expect(page.get_by_role("tab", name=name, exact=True, selected=True)).to_be_visible()


def drop(zone: Locator, files: Mapping[str, bytes]) -> None:
    """Let files fall on a dropzone, as a hand that drags them from a folder does."""
    carried = {name: base64.b64encode(content).decode() for name, content in files.items()}
    zone.evaluate(DROP, json.dumps(carried))


def press(page: Page, name: str) -> None:
    """Press the button of exactly that name."""
    page.get_by_role("button", name=name, exact=True).click()


def alert(page: Page, text: str | re.Pattern[str]) -> Locator:
    """The coloured boxes with that text in them."""
    return page.get_by_test_id("stAlert").filter(has_text=text)


def metric(page: Page, label: str, part: str = "Value") -> Locator:
    """The figure under that label, or what stands below it: the part "Delta"."""
    found = page.get_by_test_id("stMetric").filter(has_text=label)
    return found.get_by_test_id(f"stMetric{part}")


def heat_maps(page: Page) -> Locator:
    """Figures that hold a heat map."""
    return page.get_by_test_id("stPlotlyChart").filter(has=page.locator(".hm"))


def stand_side_by_side(first: Locator, second: Locator) -> bool:
    """Whether the second stands to the right of the first, at one height."""
    left, right = first.bounding_box(), second.bounding_box()
    assert left is not None
    assert right is not None
    return left["x"] + left["width"] <= right["x"] and abs(left["y"] - right["y"]) < 5


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
