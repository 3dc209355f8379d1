"""The story that must always work, walked as a person would walk it."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, Dashboard, NewPage, with_image
from tests.support.acts import (
    PAGES,
    alert,
    drop,
    fool_the_classifier,
    go,
    heat_maps,
    metric,
    press,
    see_page,
    stand_side_by_side,
)

pytestmark = pytest.mark.browser
SAMPLES = ROOT / "data" / "samples"
VIOLATION = re.compile(
    r"CompletedWithViolations: Class 14 predicted \d\d\.\d\d% of the time: "
    r"Exceeded 50\.00% threshold"
)
ROW = 48  # height in pixels of a row of the table of captures
HEADER = 35


def test_from_a_dropped_image_to_an_exported_verdict(
    fresh_dashboard: Dashboard, new_page: NewPage, tmp_path: Path
) -> None:
    page, overview = new_page(), new_page()
    with with_image(tmp_path, page, overview):
        overview.goto(fresh_dashboard.url)
        expect(overview.get_by_text("No traffic in the last 1 h")).to_be_visible()
        overview.evaluate("window.openedOnce = true")
        every_page_opens_without_data(page, fresh_dashboard)
        fool_the_classifier(page, fresh_dashboard.url)
        expect(
            overview.get_by_text("No traffic in the last 1 h")
        ).to_be_visible()  # nothing is sent
        images_are_dropped_and_predicted(page)
        a_speed_limit_becomes_a_stop_sign(page, fresh_dashboard)
        it_is_sent_as_traffic(page)
        the_overview_shows_it_by_itself(overview)
        the_monitor_names_the_violation(page)
        expect(alert(overview, VIOLATION)).to_be_visible()
        assert overview.evaluate("window.openedOnce")  # never loaded again
        verdict = a_flagged_prediction_gets_its_verdict(page)
        the_export_carries_it(page, verdict)
        a_capture_leads_to_its_explanation(page)


def every_page_opens_without_data(page: Page, dashboard: Dashboard) -> None:
    page.goto(dashboard.url)
    for title in PAGES:
        go(page, title)


def images_are_dropped_and_predicted(page: Page) -> None:
    go(page, "Classify")
    files = {
        "stop.png": (SAMPLES / "14" / "0.png").read_bytes(),
        "limit.png": (SAMPLES / "01" / "0.png").read_bytes(),
        "broken.png": (SAMPLES / "14" / "1.png").read_bytes()[:500],
    }
    drop(page.get_by_test_id("stFileUploaderDropzone"), files)
    expect(alert(page, "broken.png: the image is truncated or damaged")).to_be_visible()
    for name, prediction in (("stop.png", "14 Stop"), ("limit.png", "1 Speed limit 30 km/h")):
        block = page.get_by_test_id("stVerticalBlock").filter(has_text=name).last
        expect(block.get_by_role("img", name=name)).to_be_visible()
        expect(
            block.get_by_text(re.compile(rf"^{prediction} · \d+\.\d% confident$"))
        ).to_be_visible()
    expect(page.get_by_text(re.compile(r"^3 images: .+ flagged, 1 unreadable$"))).to_be_visible()
    expect(page.get_by_role("button", name="Details")).to_have_count(2)
    page.get_by_role("button", name="Details").first.click()
    expect(page.get_by_role("link", name="Explain")).to_have_count(2)  # one in the navigation
    page.keyboard.press("Escape")
    go(page, "Captures")
    expect(page.get_by_text("· 2 match, as of")).to_have_count(1)


def a_speed_limit_becomes_a_stop_sign(page: Page, dashboard: Dashboard) -> None:
    page.goto(f"{dashboard.url}/attack?class=1&attack=deepfool&target=14")
    expect(page.get_by_text(re.compile(r"^1 Speed limit 30 km/h · \d+\.\d% conf"))).to_be_visible()
    press(page, "Attack")
    expect(alert(page, "Misclassified, also after saving as PNG")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^14 Stop · \d+\.\d% confident$"))).to_be_visible()


def it_is_sent_as_traffic(page: Page) -> None:
    requests = page.get_by_label("Requests", exact=True)
    requests.fill("60")
    requests.press("Tab")
    press(page, "Send as traffic")
    expect(alert(page, "60 requests sent, 48 of them adversarial.")).to_be_visible()


def the_overview_shows_it_by_itself(overview: Page) -> None:
    expect(metric(overview, "Predictions in the window")).to_have_text("62")
    expect(metric(overview, "Most predicted class", "Delta")).to_have_text("14 Stop")
    headline = overview.get_by_text(re.compile(r"14 Stop is \d\d\.\d% of the last 1 h"))
    expect(headline).to_have_count(1)
    # The newest that were flagged.
    shown = overview.get_by_role("img", name="predicted as 14 Stop")
    expect(shown.first).to_be_visible()


def the_monitor_names_the_violation(page: Page) -> None:
    go(page, "Monitor")
    press(page, "Run now")
    expect(alert(page, VIOLATION)).to_be_visible()
    expect(metric(page, "Predictions")).to_have_text("62")


def a_flagged_prediction_gets_its_verdict(page: Page) -> str:
    """Returns the id of the capture that got it. Only keys are pressed."""
    go(page, "Triage")
    listed = page.get_by_role("radio", name=re.compile(r"^Waiting \d+$"))
    waiting = int(listed.inner_text().split()[1])
    assert waiting >= 48
    expect(page.get_by_role("heading", name="14 Stop", exact=True)).to_be_visible()
    expect(
        page.get_by_text("According to its sender: made by deepfool, aimed at 14 Stop.")
    ).to_be_visible()
    for title, prediction in (("This image", "14 Stop"), ("Clean", "1 Speed limit 30 km/h")):
        expect(page.get_by_role("img", name=f"FullGrad heat map, {title}")).to_be_visible()
        caption = re.compile(rf"^{title}\s+predicted as {prediction} · ")
        expect(page.get_by_text(caption)).to_be_visible()
    capture_id = opened_capture(page)
    page.keyboard.press("m")
    page.keyboard.type("a stop sign where none is")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Note")).not_to_be_focused()
    page.keyboard.press("a")
    shown = page.get_by_test_id("stCaptionContainer")
    expect(shown.filter(has_text="adversarial, 1 Speed limit 30 km/h")).to_be_visible()
    expect(page.get_by_role("radio", name=f"Waiting {waiting - 1}", exact=True)).to_be_visible()
    expect(page.get_by_role("radio", name="Done 1", exact=True)).to_be_visible()
    see_page(page, "Triage")
    return capture_id


def opened_capture(page: Page) -> str:
    """Id of what is open on the Triage page."""
    link = page.get_by_test_id("stPageLink").get_by_role("link", name="Capture", exact=True)
    return str(link.get_attribute("href")).partition("capture=")[2]


def the_export_carries_it(page: Page, capture_id: str) -> None:
    with page.expect_download() as downloading:
        press(page, "Export")
    assert downloading.value.suggested_filename == "signwatch-triage.zip"
    content = Path(downloading.value.path()).read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (line,) = archive.read("manifest.jsonl").splitlines()
        names = archive.namelist()
    entry = json.loads(line)
    assert entry["file"] == "01/00000_00000.png" and entry["file"] in names
    assert entry["capture_id"] == capture_id
    assert entry["predicted_class"] == 14
    assert entry["provenance"]["attack"] == "deepfool"
    decision = entry["decision"]
    assert (decision["verdict"], decision["right_class"]) == ("adversarial", 1)
    assert decision["note"] == "a stop sign where none is"


def a_capture_leads_to_its_explanation(page: Page) -> None:
    go(page, "Captures")
    press(page, "Filter")
    page.get_by_role("radio", name="flagged", exact=True).click()
    press(page, "Apply")
    expect(page.get_by_text(re.compile(r"· (48|49|5\d) match, as of"))).to_have_count(1)
    see_page(page, "Captures")
    page.get_by_test_id("stDataFrame").click(position={"x": 15, "y": HEADER + ROW // 2})
    link = page.get_by_test_id("stPageLink").get_by_role("link", name="Explain")
    link.click()
    see_page(page, "Explain")
    expect(page).to_have_url(re.compile(r"/explain\?capture=[0-9a-f-]{36}$"))
    for title in ("Adversarial", "Clean"):
        expect(page.get_by_text(title, exact=True).first).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile(r"^14 Stop · \d+\.\d%"))).to_be_visible()
    maps = heat_maps(page)
    expect(maps).to_have_count(3)  # adversarial, clean, their difference
    assert stand_side_by_side(maps.nth(0), maps.nth(1))
