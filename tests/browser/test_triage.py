"""Two people empty one queue by keyboard alone: no verdict is lost, and none is given twice."""

import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.records.captures import Capture, Provenance
from core.records.verdicts import Statement, Verdict
from core.records.window import now
from core.store import CaptureLog
from core.triage.suggestions import sender_class, suggested_classes
from tests.browser.conftest import NewPage, running_dashboard, with_image
from tests.support.acts import see_page
from tests.support.records import make_capture, make_image, make_prediction

pytestmark = pytest.mark.browser
ITEMS = 60
OF_SOURCE = 10  # frames of one group
UNDONE_EVERY = 10  # verdicts of one window
FACTS = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
EMPTY = "The queue is empty"
KEYS = {
    "a": Verdict.ADVERSARIAL,
    "w": Verdict.MODEL_WRONG,
    "o": Verdict.FALSE_POSITIVE,
    "n": Verdict.NOT_A_SIGN,
    "u": Verdict.UNREADABLE,
}
# Keys count once the frame with the image is painted; nobody presses for what is not to be seen.
ON_SCREEN = """() => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""
Plan = dict[str, tuple[Capture, str]]


def test_two_browsers_empty_a_queue_by_keyboard(
    chromium: object, new_page: NewPage, tmp_path: Path
) -> None:
    plan = filled(tmp_path / "local")
    with running_dashboard(tmp_path) as dashboard:
        pages = [new_page(), new_page()]
        with with_image(tmp_path, *pages):
            for page in pages:
                page.goto(f"{dashboard.url}/triage")
                see_page(page, "Triage")
                page.wait_for_function("() => Boolean(window.signwatchKeys)")
            undone = worked_through(pages, plan)
    statements = given(tmp_path / "local")
    verdicts = Counter(each.decision.capture_id for each in statements if each.counts)
    assert verdicts == Counter(capture.capture_id for capture, _ in plan.values())
    assert {
        each.decision.capture_id: (each.decision.verdict, each.decision.true_class)
        for each in statements
        if each.counts
    } == {
        capture.capture_id: (KEYS[keys[-1]], true_class(capture, keys))
        for capture, keys in plan.values()
    }
    assert sum(each.taken_back for each in statements) == undone > 0
    assert len(statements) == ITEMS + 2 * undone


def test_nothing_moves_from_item_to_item_and_a_reload_opens_the_same(
    chromium: object, new_page: NewPage, tmp_path: Path
) -> None:
    filled(tmp_path / "local")
    with running_dashboard(tmp_path) as dashboard:
        page = new_page(viewport={"width": 1400, "height": 900})
        with with_image(tmp_path, page):
            page.goto(f"{dashboard.url}/triage")
            see_page(page, "Triage")
            places = []
            for press in ("n", "u", "o", "z", "j", "n"):
                name = opened(page)
                places.append(place_of_verdicts(page))
                expect(page.get_by_alt_text("FullGrad heat map, This image")).to_be_visible()
                places.append(place_of_verdicts(page))
                page.keyboard.press(press)
                leaves(page, name)
            assert max(places) - min(places) <= 1
            assert max(places) < 860  # all of them on the screen
            name = opened(page)
            expect(page).to_have_url(re.compile("capture="))
            page.reload()
            see_page(page, "Triage")
            assert opened(page) == name
            expect(page.get_by_text("In work here until")).to_be_visible()
            expect(page.get_by_alt_text("FullGrad heat map, This image")).to_be_visible()
            page.wait_for_function("() => Boolean(window.signwatchKeys)")
            page.keyboard.press("g")
            expect(page.get_by_role("button", name="42", exact=True)).to_be_visible()
            page.keyboard.press("Escape")
            expect(page.get_by_role("button", name="42", exact=True)).to_have_count(0)


def place_of_verdicts(page: Page) -> float:
    box = page.get_by_role("button", name="Not a sign").bounding_box()
    assert box
    return box["y"]


@pytest.mark.parametrize("width", [420, 1000, 1400])
def test_the_list_shows_the_longest_names_and_counts_whole(
    width: int, chromium: object, new_page: NewPage, tmp_path: Path
) -> None:
    (tmp_path / "local").mkdir()
    log = CaptureLog(tmp_path / "local" / "signwatch.duckdb")
    for number, class_id in enumerate([11, 42, 24] * 3):
        flagged = make_prediction(class_id, p_value=0.001, flagged=True)
        image, sender = make_image(number), Provenance("cam")
        log.append([make_capture(image, prediction=flagged, provenance=sender)], [image])
    log.close()
    with running_dashboard(tmp_path) as dashboard:
        page = new_page(viewport={"width": width, "height": 900})
        with with_image(tmp_path, page):
            page.goto(f"{dashboard.url}/triage")
            see_page(page, "Triage")
            expect(page.get_by_alt_text("FullGrad heat map, This image")).to_be_visible()
            groups = page.locator("[class*=st-key-triage_group_]")
            expect(groups).to_have_count(3)
            words = groups.locator("p:visible")
            expect(words).to_have_count(3)
            cut = words.evaluate_all("""all => all.map(each => {
                const page = each.closest("[data-testid=stMainBlockContainer]");
                const end = page.getBoundingClientRect().right
                    - parseFloat(getComputedStyle(page).paddingRight);
                const right = each.getBoundingClientRect().right;
                return each.scrollWidth > each.clientWidth || right > end + 1;
            })""")
            assert cut == [False] * 3
            counts = page.get_by_test_id("stMarkdown").get_by_text("3", exact=True)
            expect(counts).to_have_count(3)
            for number in range(3):
                expect(counts.nth(number)).to_be_visible()


def filled(local: Path) -> Plan:
    """A log of flagged captures. Returns what each gets, by the second in which it came."""
    local.mkdir()
    log = CaptureLog(local / "signwatch.duckdb")
    start = now().replace(microsecond=0) - timedelta(hours=1)
    plan: Plan = {}
    for number in range(ITEMS):
        image, at = make_image(number), start + timedelta(seconds=number)
        label = 1 if number % 2 else None  # every other one says what it was made of
        capture = make_capture(
            image,
            inferred_at=at,
            provenance=Provenance(f"cam {number // OF_SOURCE}", label),
            prediction=make_prediction(p_value=0.00001 * (1 + number * 7 % ITEMS), flagged=True),
        )
        log.append([capture], [image])
        plan[shown(at)] = capture, keys_of(number, capture)
    log.close()
    return plan


def keys_of(number: int, capture: Capture) -> str:
    """What is pressed for a capture: a number first where a true class has to be chosen."""
    key = list(KEYS)[number % len(KEYS)]
    chosen = key not in "aw" or sender_class(capture) is not None
    return key if chosen else f"2{key}"


def true_class(capture: Capture, keys: str) -> int | None:
    """The true class that these keys give."""
    if keys[-1] == "o":
        return capture.class_id
    if keys[-1] not in "aw":
        return None
    return suggested_classes(capture)[1] if keys[0] == "2" else sender_class(capture)


def shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def worked_through(pages: list[Page], plan: Plan) -> int:
    """Both give their verdicts at the same time, until nothing waits. Returns how many undid."""
    given, undone = Counter[Page](), 0
    while at_work := {page: opened(page) for page in pages if is_something_open(page)}:
        assert len(set(at_work.values())) == len(at_work)  # never the same in both
        for page, name in at_work.items():
            for key in plan[name][1]:
                page.keyboard.press(key)
        for page, name in at_work.items():
            leaves(page, name)
            given[page] += 1
            if given[page] % UNDONE_EVERY == 0:
                undo(page, name)
                undone += 1
    assert sum(given.values()) == ITEMS + undone
    assert min(given.values()) > ITEMS // 4  # both did their share
    return undone


def undo(page: Page, name: str) -> None:
    page.keyboard.press("z")
    expect(page.get_by_text(re.compile(r"^Taken back: "))).to_be_visible()
    expect(page.get_by_text(name)).to_be_visible()


def is_something_open(page: Page) -> bool:
    see_page(page, "Triage")
    expect(facts(page).or_(page.get_by_text(EMPTY))).to_have_count(1)
    page.evaluate(ON_SCREEN)
    return facts(page).count() == 1


def opened(page: Page) -> str:
    """When what is open was captured."""
    found = FACTS.match(facts(page).inner_text())
    assert found
    return found[0]


def leaves(page: Page, name: str) -> None:
    """The window goes on to something else."""
    expect(facts(page).filter(has_text=name)).to_have_count(0)


def facts(page: Page) -> Locator:
    return page.get_by_text(FACTS)


def given(local: Path) -> list[Statement]:
    """All statements, as the log has them after the dashboard has ended."""
    log = CaptureLog(local / "signwatch.duckdb")
    statements = list(log.verdicts.all())
    log.close()
    return statements
