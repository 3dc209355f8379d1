"""Take the tutorial's screenshots from the running program, over a log of its own: make screenshots

The story is the tutorial's: what a step of it shows is what its screenshot shows.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, expect, sync_playwright

from core.settings import ROOT
from tests.browser.conftest import FLAGS, Dashboard, running_dashboard
from tests.support.acts import press, see_page

SCREENSHOTS = ROOT / "docs" / "screenshots"
COLOURS = 192  # of a screenshot: small files, and nobody sees it
WIDTH, HEIGHT = 1400, 900
SECONDS = 120  # to wait for what a step shows
REST = 1500  # milliseconds in which charts draw themselves
REQUESTS = ["replay", "--data", "data/samples", "--count", "400"]
ATTACK = ["--attack", "deepfool", "--target", "14", "--share", "0.8"]


def main() -> None:
    """Walk through the tutorial, once without a baseline and once with a drill."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("chromium is missing; install it, on Debian as the package chromium")
    SCREENSHOTS.mkdir(exist_ok=True)
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.set_default_timeout(SECONDS * 1000)
        for story in (without_a_baseline, with_a_drill):
            with (
                tempfile.TemporaryDirectory() as folder,
                running_dashboard(Path(folder)) as dashboard,
            ):
                story(page, dashboard)
        browser.close()


def without_a_baseline(page: Page, dashboard: Dashboard) -> None:
    """Steps 2 to 7: an attack, seen by the share of one class."""
    opened(page, dashboard, "Classify")
    press(page, "Take eight sample signs instead")
    expect(page.get_by_role("button", name="Details")).to_have_count(8)
    save(page, "classify")

    opened(page, dashboard, "Overview")
    page.get_by_role("link", name="Try it: fool the classifier").click()
    see_page(page, "Attack")
    press(page, "Attack")
    expect(page.get_by_role("img", name="Adversarial", exact=True).first).to_be_visible()
    save(page, "attack")

    sent(dashboard, *REQUESTS, *ATTACK)
    opened(page, dashboard, "Monitor")
    press(page, "Run now")
    expect(violation(page).first).to_be_visible()
    opened(page, dashboard, "Overview")
    expect(violation(page).first).to_be_visible()
    save(page, "overview", height=1300)

    opened(page, dashboard, "Monitor")
    save(page, "monitor")

    opened(page, dashboard, "Triage")
    expect(page.get_by_role("img", name="FullGrad heat map, Clean")).to_be_visible()
    save(page, "triage", height=1300)
    page.get_by_test_id("stPageLink").get_by_role("link", name="Explain", exact=True).click()
    see_page(page, "Explain")
    expect(page.get_by_test_id("stPlotlyChart").filter(has=page.locator(".hm"))).to_have_count(3)
    save(page, "explain", height=1100)


def with_a_drill(page: Page, dashboard: Dashboard) -> None:
    """The last step: a baseline, and a drill that the drift detector notices."""
    sent(dashboard, "baseline", "create", "--data", "data/samples")
    sent(dashboard, "replay", "--drill", "--share", "0.2")
    opened(page, dashboard, "Monitor", "?tab=Drills")
    save(page, "drill")


def opened(page: Page, dashboard: Dashboard, title: str, address: str = "") -> None:
    """Open a page of the dashboard and wait until it is drawn."""
    path = "" if title == "Overview" else title.lower()
    page.goto(f"{dashboard.url}/{path}{address}")
    see_page(page, title)


def sent(dashboard: Dashboard, *words: str) -> None:
    """Run a command beside the dashboard."""
    done = dashboard.run(*words)
    if done.returncode:
        sys.exit(f"python -m core {' '.join(words)}: {done.stderr}")


def violation(page: Page) -> Locator:
    """The box that names the violation."""
    return page.get_by_test_id("stAlert").filter(has_text="Class 14 predicted")


def save(page: Page, name: str, *, height: int = HEIGHT, top: Locator | None = None) -> None:
    """What a window of that height shows from `top` on, as a PNG of few colours."""
    page.set_viewport_size({"width": WIDTH, "height": height})
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    page.wait_for_timeout(REST)
    if top is not None:
        top.evaluate("element => element.scrollIntoView()")
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = SCREENSHOTS / f"{name}.png"
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
