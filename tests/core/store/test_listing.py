"""Lists of captures: page after page they are exactly what a filter lets through, in order."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import NotFound
from core.records.captures import Capture, Provenance
from core.records.queries import NEWEST, OLDEST, CaptureFilter, Cursor, Direction, Page
from core.records.verdicts import Decision, Verdict
from core.records.window import Window
from core.store import CaptureLog
from core.store.listing import Listing
from tests.support.expect import raises
from tests.support.records import NOON, comparable, make_capture, make_prediction, make_unanswered

# Few moments, so that many captures share one; far ones, so that every stretch is searched.
MOMENTS = [
    NOON + offset
    for offset in (
        timedelta(0),
        timedelta(microseconds=1),
        timedelta(seconds=59),
        timedelta(minutes=50),
        timedelta(hours=5),
        timedelta(days=3),
        timedelta(days=400),
    )
]
ENDPOINTS, SOURCES = ["signwatch", "roadside"], [None, "replay", "camera-7"]
CONFIDENCES = [0.25, 0.3, 0.5, 0.75]


def drawn_capture(
    at: datetime,
    class_id: int | None,
    confidence: float,
    flagged: bool,
    source: str | None,
    endpoint: str,
) -> Capture:
    common: dict[str, Any] = {
        "inferred_at": at,
        "endpoint": endpoint,
        "provenance": Provenance(source),
    }
    if class_id is None:
        return make_unanswered(**common)
    prediction = make_prediction(class_id, confidence, flagged=flagged)
    return make_capture(prediction=prediction, **common)


captures = st.builds(
    drawn_capture,
    st.sampled_from(MOMENTS),
    st.sampled_from([None, 2, 14]),
    st.sampled_from(CONFIDENCES),
    st.booleans(),
    st.sampled_from(SOURCES),
    st.sampled_from(ENDPOINTS),
)
verdicts = st.lists(st.sampled_from([None, *Verdict]), max_size=2)  # in the order they were given
logs = st.lists(st.tuples(captures, verdicts), max_size=14)
windows = st.tuples(
    st.sampled_from(MOMENTS), st.sampled_from(MOMENTS), st.none() | st.sampled_from(ENDPOINTS)
).map(lambda drawn: Window(min(drawn[:2]), max(drawn[:2]), drawn[2]))
filters = st.builds(
    CaptureFilter,
    window=st.none() | windows,
    class_id=st.sampled_from([None, None, 2, 14]),
    flagged=st.sampled_from([None, None, True, False]),
    decided=st.sampled_from([None, None, True, False]),
    verdict=st.none() | st.sampled_from(Verdict),
    source=st.sampled_from([None, None, "replay"]),
    endpoint=st.sampled_from([None, None, "roadside"]),
    min_confidence=st.sampled_from([None, None, *CONFIDENCES]),
    max_confidence=st.sampled_from([None, None, *CONFIDENCES]),
)


@pytest.fixture(scope="module")
def refilled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaptureLog]:
    """One log for all examples of the property tests; each fills it anew."""
    log = CaptureLog(tmp_path_factory.mktemp("log") / "log.duckdb")
    yield log
    log.close()


def fill(log: CaptureLog, drawn: list[tuple[Capture, list[Verdict | None]]]) -> None:
    """Nothing but these captures and verdicts in the log."""
    with log.database.transaction() as transaction:
        transaction.execute("DELETE FROM log.captures")
        transaction.execute("DELETE FROM log.decisions")
    log.append([capture for capture, _ in drawn], [])
    log.verdicts.add(
        [
            Decision(
                capture.capture_id, verdict, None, "", "local", NOON + timedelta(seconds=number)
            )
            for capture, given_verdicts in drawn
            for number, verdict in enumerate(given_verdicts)
            if verdict
        ]
    )


def lets_through(chosen: CaptureFilter, capture: Capture, verdict: Verdict | None) -> bool:
    """The filter, written a second time."""
    window = chosen.window
    return all(
        [
            window is None or window.start <= capture.inferred_at < window.end,
            window is None or window.endpoint in (None, capture.endpoint),
            chosen.class_id in (None, capture.class_id),
            chosen.flagged is None
            or (capture.suspicion is not None and capture.flagged == chosen.flagged),
            chosen.decided in (None, verdict is not None),
            chosen.verdict in (None, verdict),
            chosen.source in (None, capture.provenance.source),
            chosen.endpoint in (None, capture.endpoint),
            chosen.min_confidence is None
            or (
                capture.confidence is not None
                and capture.confidence >= below(chosen.min_confidence)
            ),
            chosen.max_confidence is None
            or (
                capture.confidence is not None
                and capture.confidence <= above(chosen.max_confidence)
            ),
        ]
    )


def below(share: float) -> float:
    return share - 1e-6  # the log keeps single precision


def above(share: float) -> float:
    return share + 1e-6


def expected(drawn: list[tuple[Capture, list[Verdict | None]]], chosen: CaptureFilter) -> list[str]:
    """Ids of what the filter lets through, in the order of the list."""
    kept = []
    for capture, given_verdicts in drawn:
        verdict = next((each for each in reversed(given_verdicts) if each), None)
        if lets_through(chosen, capture, verdict):
            kept.append(capture)
    kept.sort(key=lambda capture: capture.capture_id)
    kept.sort(key=lambda capture: capture.inferred_at, reverse=True)
    return [capture.capture_id for capture in kept]


def ids(page: Page) -> list[str]:
    return [item.capture.capture_id for item in page.items]


def walk(listing: Listing, chosen: CaptureFilter, start: Cursor, limit: int) -> list[list[str]]:
    """Every page from the start on, in the order in which a reader sees them."""
    pages, cursor = [], start
    while cursor is not None:
        page = listing.page(chosen, cursor, limit=limit)
        pages.append(ids(page))
        cursor = page.older if start.direction is Direction.OLDER else page.newer
    return pages


@settings(max_examples=60)
@given(drawn=logs, chosen=filters, limit=st.integers(1, 5))
def test_pages_one_after_another_are_all_that_matches(
    refilled: CaptureLog, drawn: list[Any], chosen: CaptureFilter, limit: int
) -> None:
    fill(refilled, drawn)
    wanted = expected(drawn, chosen)
    pages = walk(refilled.listing, chosen, NEWEST, limit)
    assert [name for page in pages for name in page] == wanted
    assert all(len(page) == limit for page in pages[:-1])
    assert len(pages) == max(1, -(-len(wanted) // limit))
    back = walk(refilled.listing, chosen, OLDEST, limit)
    assert [name for page in reversed(back) for name in page] == wanted
    assert refilled.listing.count(chosen) == len(wanted)
    each = list(refilled.listing.each(chosen, limit=limit))
    assert [item.capture.capture_id for item in each] == wanted[:limit]


@settings(max_examples=60)
@given(
    drawn=logs,
    chosen=filters,
    limit=st.integers(1, 4),
    moment=st.sampled_from(MOMENTS),
    direction=st.sampled_from(Direction),
)
def test_a_jump_lands_at_its_moment_and_leads_both_ways(
    refilled: CaptureLog,
    drawn: list[Any],
    chosen: CaptureFilter,
    limit: int,
    moment: datetime,
    direction: Direction,
) -> None:
    fill(refilled, drawn)
    times = {capture.capture_id: capture.inferred_at for capture, _ in drawn}
    wanted = expected(drawn, chosen)
    older = [name for name in wanted if times[name] <= moment]
    newer = [name for name in wanted if times[name] > moment]
    page = refilled.listing.page(chosen, Cursor(direction, moment), limit=limit)
    if direction is Direction.OLDER:
        assert ids(page) == older[:limit]
        assert (page.older is None, page.newer is None) == (len(older) <= limit, not newer)
        behind = page.newer and ids(refilled.listing.page(chosen, page.newer, limit=limit))
        assert (behind or []) == newer[-limit:]
    else:
        assert ids(page) == newer[-limit:]
        assert (page.newer is None, page.older is None) == (len(newer) <= limit, not older)
        behind = page.older and ids(refilled.listing.page(chosen, page.older, limit=limit))
        assert (behind or []) == older[:limit]


@settings(max_examples=40)
@given(drawn=logs, chosen=filters, limit=st.integers(1, 4))
def test_the_most_suspicious_come_first(
    refilled: CaptureLog, drawn: list[Any], chosen: CaptureFilter, limit: int
) -> None:
    spread = [
        (
            replace(
                capture,
                suspicion=capture.suspicion
                and replace(capture.suspicion, p_value=(number % 5) / 10),
            ),
            given_verdicts,
        )
        for number, (capture, given_verdicts) in enumerate(drawn)
    ]
    fill(refilled, spread)
    p_values = {
        capture.capture_id: capture.suspicion.p_value if capture.suspicion else 2.0
        for capture, _ in spread
    }
    wanted = sorted(expected(spread, chosen), key=lambda name: p_values[name])[:limit]
    found = refilled.listing.most_suspicious(chosen, limit=limit)
    assert [item.capture.capture_id for item in found] == wanted


def test_verdicts_hide_none_of_the_most_suspicious(log: CaptureLog) -> None:
    captures = [
        make_capture(prediction=make_prediction(p_value=p_value))
        for p_value in (0.1, 0.2, 0.3, 0.4, 0.5)
    ]
    log.append(captures, [])
    names = [capture.capture_id for capture in captures]

    def found(limit: int, **chosen: Any) -> list[int]:
        items = log.listing.most_suspicious(CaptureFilter(**chosen), limit=limit)
        return [names.index(item.capture.capture_id) for item in items]

    def decide(number: int) -> None:
        verdict = Decision(names[number], Verdict.UNREADABLE, None, "", f"{number}", NOON)
        log.verdicts.add([verdict])

    decide(4)
    assert found(1, decided=True) == [4]
    decide(0)
    decide(1)
    assert found(1, decided=False) == [2]
    assert found(9, decided=False) == [2, 3]
    assert found(2, decided=True) == [0, 1]
    assert found(1, analyst="4") == found(1, analyst="4", decided=True) == [4]
    assert found(1, verdict=Verdict.UNREADABLE) == [0]


def test_a_page_carries_the_captures_whole_with_the_decision_that_counts(log: CaptureLog) -> None:
    decided, other = make_capture(), make_unanswered(inferred_at=NOON - timedelta(days=2))
    log.append([decided, other], [])
    first = Decision(decided.capture_id, Verdict.UNREADABLE, None, "", "local", NOON)
    last = replace(first, verdict=Verdict.NOT_A_SIGN, decided_at=NOON + timedelta(seconds=1))
    log.verdicts.add([last])
    log.verdicts.add([first])
    items = log.listing.page(CaptureFilter()).items
    assert [comparable(item.capture) for item in items] == [comparable(decided), comparable(other)]
    assert [item.decision for item in items] == [last, None]


def test_what_arrives_meanwhile_moves_nothing(log: CaptureLog) -> None:
    made = [make_capture(inferred_at=NOON + timedelta(seconds=n)) for n in range(6)]
    log.append(made, [])
    chosen = CaptureFilter(window=Window(NOON, NOON + timedelta(minutes=1)))
    first = log.listing.page(chosen, limit=3)
    assert first.older is not None
    log.append([make_capture(inferred_at=NOON + timedelta(minutes=2))], [])
    second = log.listing.page(chosen, first.older, limit=3)
    assert ids(first) + ids(second) == [capture.capture_id for capture in reversed(made)]
    assert ids(log.listing.page(chosen, limit=3)) == ids(first)


def test_captures_by_their_ids(log: CaptureLog) -> None:
    made = [make_capture(inferred_at=NOON + timedelta(days=n)) for n in range(4)]
    log.append(made, [])
    wanted = (made[0].capture_id, made[2].capture_id, str(uuid.uuid4()))
    assert ids(log.listing.page(CaptureFilter(capture_ids=wanted))) == [wanted[1], wanted[0]]
    assert log.listing.count(CaptureFilter(capture_ids=("no id",))) == 0
    assert log.listing.count(CaptureFilter(capture_ids=())) == 0


@pytest.mark.parametrize("unknown", ["no id", "", "019c5a2f-0000-8000-8000-000000000000", "f" * 32])
def test_one_that_the_log_does_not_have(log: CaptureLog, unknown: str) -> None:
    with raises(NotFound, f"no capture {unknown} in the log"):
        log.listing.one(unknown)


def test_pages_far_apart_are_read_whole(log: CaptureLog) -> None:
    made = [make_capture(inferred_at=NOON + timedelta(hours=n)) for n in range(700)]
    log.append(made, [])
    page = log.listing.page(CaptureFilter(), limit=650)
    assert ids(page) == [capture.capture_id for capture in reversed(made)][:650]
    assert len(list(log.listing.each(CaptureFilter(), limit=10_000))) == 700


@pytest.mark.parametrize(
    ("limit", "places"),
    [(1, [0]), (2, [0, 5]), (4, [0, 3, 5, 8]), (9, [0, 2, 3, 4, 5, 6, 7, 8, 9]), (20, range(10))],
)
def test_a_spread_takes_the_first_of_equal_stretches(
    log: CaptureLog, limit: int, places: Sequence[int]
) -> None:
    made = [
        make_capture(inferred_at=NOON - timedelta(days=n), image_sha256=f"{n:064}")
        for n in range(10)
    ]
    log.append([*made, make_capture(endpoint="cars")], [])
    found = log.listing.spread(CaptureFilter(endpoint="signwatch"), limit=limit)
    assert [item.capture.capture_id for item, _ in found] == [made[n].capture_id for n in places]


def test_captures_of_one_image_with_one_prediction_count_once_in_a_spread(log: CaptureLog) -> None:
    equal = [
        make_capture(inferred_at=NOON - timedelta(days=n), image_sha256="1" * 64) for n in range(3)
    ]
    other = make_capture(
        inferred_at=NOON - timedelta(days=9), image_sha256="1" * 64, prediction=make_prediction(2)
    )
    log.append([*equal, other], [])
    found = log.listing.spread(CaptureFilter(), limit=9)
    assert [(item.capture.capture_id, copies) for item, copies in found] == [
        (equal[0].capture_id, 3),
        (other.capture_id, 1),
    ]
    assert log.listing.count_images(CaptureFilter()) == 2
