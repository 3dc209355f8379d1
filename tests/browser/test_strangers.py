"""Words of strangers, made of Markdown and HTML: they stand on the pages, and fetch nothing."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Page, Request, expect

from core.records.captures import Capture, Provenance
from core.records.execution_log import ExecutionLog, UnreadableRecord
from core.records.monitoring import Violation
from core.records.verdicts import Decision, Verdict
from core.records.window import now
from core.store import CaptureLog, ExecutionsTable
from tests.browser.conftest import Dashboard, NewPage, running_dashboard, with_image
from tests.support.acts import MONITOR_TABS, PAGES, address, drop, see_page, see_tab
from tests.support.images import blocks, saved
from tests.support.records import make_capture, make_execution, make_image, make_prediction

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium")]
EVIL = "evil.example"
WORDS = (
    f"![s](http://{EVIL}/s) <img src=//{EVIL}/i> [l](//{EVIL}) <b>B</b> :red[x] :smile: "
    f":material/home: $x^2$ `c` **b** www.{EVIL} a@{EVIL} -> \u202e"
)
SHOWN = WORDS.replace("\u202e", "\\u202e")
BEGINNING = SHOWN[:100]  # what is left of it where lines are short


@dataclass
class Watched:
    """A page, and what it asked of other hosts."""

    page: Page
    foreign: list[str] = field(default_factory=list)

    def note(self, request: Request) -> None:
        """Keep a request that leaves this machine."""
        at = urlsplit(request.url)
        if at.scheme not in ("data", "blob") and at.hostname not in ("127.0.0.1", "localhost"):
            self.foreign.append(request.url)

    def see(self, title: str, *words: str) -> None:
        """The page is drawn; the words stand on it, and nothing of them became markup."""
        see_page(self.page, title)
        for each in words:
            expect(self.page.get_by_text(each).first).to_be_attached()
        for made in (f"[href*='{EVIL}']", f"[src*='{EVIL}']", "[data-testid=stMarkdown] b"):
            expect(self.page.locator(made)).to_have_count(0)
        assert self.foreign == []


def test_nothing_is_fetched_and_the_words_stand_there(new_page: NewPage, tmp_path: Path) -> None:
    capture = filled(tmp_path / "local")
    with running_dashboard(tmp_path) as dashboard:
        imported(dashboard, tmp_path / "tree")
        watched = Watched(new_page())
        watched.page.on("request", watched.note)
        with with_image(tmp_path, watched.page):
            every_page(watched, dashboard.url)
            triage(watched, dashboard.url, capture)
            captures(watched, dashboard.url, capture)
            files(watched, dashboard.url)


def filled(local: Path) -> Capture:
    """A log in which every text of a stranger is WORDS. Returns a flagged capture of it."""
    local.mkdir()
    log = CaptureLog(local / "signwatch.duckdb")
    image, at = make_image(), now() - timedelta(minutes=5)
    found = [
        make_capture(
            image,
            inferred_at=at + timedelta(seconds=number),
            custom_attributes=(WORDS,),
            inference_id=WORDS,
            input_content_type=WORDS,
            provenance=Provenance(WORDS, 1, WORDS, 14),
            prediction=make_prediction(p_value=0.0001, flagged=True, reasons=(WORDS,)),
        )
        for number in range(3)
    ]
    log.append(found, [image])
    log.verdicts.add([Decision(found[2].capture_id, Verdict.ADVERSARIAL, 1, WORDS, WORDS, at)])
    run = make_execution(
        at, message=WORDS, violations=(Violation(WORDS, "baseline_drift_check", WORDS),)
    )
    record = UnreadableRecord(WORDS, 1, at, WORDS, WORDS)
    ExecutionsTable(log.database).keep(run, ExecutionLog((WORDS,), (record,)))
    log.close()
    return found[0]


def imported(dashboard: Dashboard, tree: Path) -> None:
    """A file whose name and lines are WORDS, as far as a file system takes them."""
    folder = tree / "sign" / "AllTraffic" / "2026" / "02" / "14" / "12"
    folder.mkdir(parents=True)
    name = WORDS.replace("/", "_").replace("\u202e", "")
    (folder / f"{name}.jsonl").write_text(json.dumps({"captureData": WORDS}) + "\n")
    assert dashboard.run("captures", "import", str(tree)).returncode == 0


def every_page(watched: Watched, url: str) -> None:
    for title in (*PAGES, "Tensors"):
        watched.page.goto(url + address(title))
        watched.see(title)
    watched.page.goto(f"{url}/monitor")
    watched.see("Monitor", BEGINNING)
    for tab in MONITOR_TABS:
        watched.page.goto(f"{url}/monitor?tab={quote(tab)}")
        see_tab(watched.page, tab)
        watched.see("Monitor")
    watched.page.goto(url)
    watched.see("Overview", BEGINNING)


def triage(watched: Watched, url: str, capture: Capture) -> None:
    page = watched.page
    page.goto(f"{url}/triage?capture={capture.capture_id}")
    watched.see("Triage", BEGINNING)
    expect(page.get_by_text("According to its sender: made by")).to_be_visible()
    tip = page.get_by_test_id("stTooltipHoverTarget").filter(has_text="14 Stop").first
    tip.hover()
    expect(page.get_by_test_id("stTooltipContent")).to_contain_text(SHOWN)
    watched.see("Triage")
    page.goto(f"{url}/triage?status=done&source={quote(WORDS)}&analyst={quote(WORDS)}")
    watched.see("Triage")
    page.goto(f"{url}/triage?status={quote(WORDS)}")
    watched.see("Triage", BEGINNING)


def captures(watched: Watched, url: str, capture: Capture) -> None:
    page = watched.page
    page.goto(f"{url}/captures?capture={capture.capture_id}&source={quote(WORDS)}")
    watched.see("Captures", SHOWN)
    page.goto(f"{url}/captures?show=imports")
    watched.see("Captures")
    page.goto(f"{url}/explain?capture={capture.capture_id}")
    watched.see("Explain", BEGINNING)
    page.goto(f"{url}/tensors?capture={capture.capture_id}&step={quote(WORDS)}")
    watched.see("Tensors")


def files(watched: Watched, url: str) -> None:
    page, name = watched.page, WORDS.replace("/", "_").replace("\u202e", "")
    page.goto(f"{url}/classify")
    see_page(page, "Classify")
    zone = page.get_by_test_id("stFileUploaderDropzone")
    drop(zone, {f"{name}.png": saved(blocks(0), "PNG"), f"{name} broken.png": b"none"})
    watched.see("Classify", f"{name[:100]}")
