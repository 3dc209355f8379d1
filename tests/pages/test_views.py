"""Views as addresses carry them: what each part means for what is listed."""

from datetime import timedelta

import pytest

from core.records.queries import NEWEST, OLDEST, CaptureFilter, Cursor, Direction
from core.records.triage import Status, Wanted
from core.records.verdicts import Verdict
from core.records.window import Window
from pages._captures.view import BEGINNING, CaptureView
from pages._triage.view import BEGINNING as OF_TIME
from pages._triage.view import END, TriageView, to_window_of
from tests.support.records import NOON, make_execution

HOUR = timedelta(hours=1)
FIRST, SECOND = (f"01a1fcb5-0000-8000-8000-00000000000{n}" for n in (1, 2))
EVERYTHING = CaptureView(
    as_of=NOON,
    period="day",
    since=NOON - 3 * HOUR,
    until=NOON - HOUR,
    predicted=14,
    low=20,
    high=90,
    flagged="no",
    verdict="model wrong",
    source="cam 1, left",
    endpoint="roadside",
    ids=(FIRST, SECOND),
    page=Cursor(Direction.NEWER, NOON - 2 * HOUR, FIRST),
    capture=SECOND,
)


# Captures


@pytest.mark.parametrize(
    "view",
    [
        CaptureView(),
        EVERYTHING,
        CaptureView(page=OLDEST),
        CaptureView(page=Cursor(Direction.OLDER, NOON)),
    ],
)
def test_a_view_of_captures_comes_back_as_it_was_written(view: CaptureView) -> None:
    assert CaptureView.read(view.write()) == (view, [])


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ({}, BEGINNING, NOON),
        ({"period": "hour"}, NOON - HOUR, NOON),
        ({"period": "day"}, NOON - 24 * HOUR, NOON),
        ({"period": "week"}, NOON - 7 * 24 * HOUR, NOON),
        ({"period": "month"}, NOON - 30 * 24 * HOUR, NOON),
        ({"since": NOON - 3 * HOUR}, NOON - 3 * HOUR, NOON),
        ({"until": NOON - HOUR}, BEGINNING, NOON - HOUR),
        ({"until": NOON + HOUR}, BEGINNING, NOON),
        ({"period": "hour", "since": NOON - 3 * HOUR}, NOON - HOUR, NOON),
        ({"period": "day", "since": NOON - 3 * HOUR}, NOON - 3 * HOUR, NOON),
    ],
)
def test_the_window_of_a_view(asked: dict[str, object], start: object, end: object) -> None:
    assert CaptureView(as_of=NOON, **asked).filter().window == Window(start, end)


def test_each_part_of_a_view_narrows_what_it_lists() -> None:
    assert EVERYTHING.filter() == CaptureFilter(
        window=Window(NOON - 3 * HOUR, NOON - HOUR),
        class_id=14,
        flagged=False,
        verdict=Verdict.MODEL_WRONG,
        source="cam 1, left",
        endpoint="roadside",
        min_confidence=0.2,
        max_confidence=0.9,
        capture_ids=(FIRST, SECOND),
    )


@pytest.mark.parametrize(("verdict", "decided"), [("decided", True), ("undecided", False)])
def test_decided_or_not(verdict: str, decided: bool) -> None:
    found = CaptureView(verdict=verdict).filter()
    assert (found.decided, found.verdict) == (decided, None)


def test_confidences_of_nothing_and_of_all_are_limits_too() -> None:
    found = CaptureView(low=0, high=0).filter()
    assert (found.min_confidence, found.max_confidence) == (0, 0)


def test_newest_keeps_the_filters_alone() -> None:
    written = EVERYTHING.newest().write()
    assert written == {
        name: value
        for name, value in EVERYTHING.write().items()
        if name not in ("as_of", "page", "capture")
    }


def test_another_place_is_in_the_same_list_and_opens_nothing() -> None:
    place = Cursor(Direction.OLDER, NOON - 2 * HOUR, SECOND)
    moved = EVERYTHING.at(place)
    assert (moved.page, moved.capture) == (place, None)
    assert moved.filter() == EVERYTHING.filter()
    assert EVERYTHING.at(NEWEST).page is None


def test_at_most_a_hundred_ids() -> None:
    ids = [f"01a1fcb5-0000-8000-8000-{number:012}" for number in range(101)]
    view, problems = CaptureView.read({"ids": ",".join(ids[:100])})
    assert (len(view.ids or ()), problems) == (100, [])
    view, problems = CaptureView.read({"ids": ",".join(ids)})
    assert view.ids is None
    assert problems == [
        "`ids` in the address must be at most 100 capture ids, got 101; it is left out"
    ]


# Triage

WHOLE = TriageView(
    status="done",
    q="stop",
    predicted=14,
    source="cam",
    endpoint="roadside",
    since=NOON - HOUR,
    until=NOON,
    verdict="unreadable",
    analyst="bo",
    capture=FIRST,
)


@pytest.mark.parametrize("view", [TriageView(), WHOLE])
def test_a_view_of_triage_comes_back_as_it_was_written(view: TriageView) -> None:
    assert TriageView.read(view.write()) == (view, [])


@pytest.mark.parametrize(
    ("status", "wanted"),
    [("waiting", None), ("new", Status.NEW), ("in work", Status.IN_WORK), ("done", None)],
)
def test_the_list_says_what_comes_next(status: str, wanted: Status | None) -> None:
    view = TriageView(status, source="cam")
    assert view.wanted() == Wanted(CaptureFilter(source="cam", drills=False), wanted)


def test_verdict_and_analyst_narrow_what_is_done_alone() -> None:
    listed = CaptureFilter(
        window=Window(NOON - HOUR, NOON),
        class_id=14,
        source="cam",
        endpoint="roadside",
        text="stop",
        drills=False,
    )
    assert WHOLE.filter() == listed
    assert WHOLE.done() == CaptureFilter(
        **vars(listed) | {"decided": True, "verdict": Verdict.UNREADABLE, "analyst": "bo"}
    )


def test_one_end_of_a_window_is_enough() -> None:
    assert TriageView(since=NOON).filter().window == Window(NOON, END)
    assert TriageView(until=NOON).filter().window == Window(OF_TIME, NOON)


def test_each_chip_takes_its_own_filter_away() -> None:
    without = {text: set(WHOLE.write()) - set(view.write()) for text, view in WHOLE.chips()}
    assert without == {
        "“stop”": {"q"},
        "14 Stop": {"predicted"},
        "source: cam": {"source"},
        "endpoint: roadside": {"endpoint"},
        "from 2026-02-14 11:00:00": {"since"},
        "before 2026-02-14 12:00:00": {"until"},
        "verdict: unreadable": {"verdict"},
        "by bo": {"analyst"},
    }


def test_a_run_leads_to_its_window_and_endpoint() -> None:
    run = make_execution(window=Window(NOON - HOUR, NOON, "roadside"))
    assert TriageView.read(to_window_of(run)) == (
        TriageView(since=NOON - HOUR, until=NOON, endpoint="roadside"),
        [],
    )
