"""Notices and deliveries in both kinds of store; one of several claims wins."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from core.notices import Delivery, Notice, NoticeKind
from core.store import AlertsTable, CaptureLog
from core.store.address import Address
from tests.records import NOON

MINUTE = timedelta(minutes=1)
FIRST = Notice(
    "1", NoticeKind.ALERT, None, NOON, ("PredictedClass check class 14",), "execution", NOON,
    NOON + MINUTE,
)  # fmt: skip


def test_the_last_notice_of_the_endpoint_and_its_outcome_decide(log: CaptureLog) -> None:
    table, seen = AlertsTable(log.database), []

    def nothing(last: Notice | None, deliveries: list[Delivery]) -> None:
        seen.append((last, deliveries))

    assert table.claim(None, nothing) is None
    assert table.claim(None, lambda *_: FIRST) == FIRST
    arrived = Delivery("1", "Slack", True, "", NOON + 2 * MINUTE)
    lost = Delivery("1", "E-Mail", False, "no answer", NOON + 3 * MINUTE)
    table.add_deliveries([arrived, lost])
    table.add(replace(FIRST, notice_id="t", kind=NoticeKind.TEST, made_at=NOON + 9 * MINUTE))
    elsewhere = replace(FIRST, notice_id="2", endpoint="cars", made_at=NOON + 8 * MINUTE)
    table.add(elsewhere)
    table.claim(None, nothing)
    table.claim("cars", nothing)
    table.claim("bikes", nothing)
    found = [(last, sorted(each, key=lambda d: d.at)) for last, each in seen]
    assert found == [(None, []), (FIRST, [arrived, lost]), (elsewhere, []), (None, [])]
    assert table.deliveries(10) == [(FIRST, lost), (FIRST, arrived)]
    assert table.deliveries(1) == [(FIRST, lost)]


def test_what_lasts_is_what_was_not_recovered_from(log: CaptureLog) -> None:
    table = AlertsTable(log.database)
    assert table.lasting() == []
    table.add(FIRST)
    cars = replace(FIRST, notice_id="2", endpoint="cars", since=NOON - MINUTE)
    table.add(cars)
    reminder = replace(
        FIRST, notice_id="3", kind=NoticeKind.REMINDER, made_at=NOON + 5 * MINUTE
    )  # fmt: skip
    table.add(reminder)
    assert table.lasting() == [cars, reminder]
    table.add(replace(cars, notice_id="4", kind=NoticeKind.RECOVERY, made_at=NOON + 6 * MINUTE))
    assert table.lasting() == [reminder]


def test_one_of_many_claims_wins(log: CaptureLog) -> None:
    table = AlertsTable(log.database)

    def once(number: int) -> Notice | None:
        mine = replace(FIRST, notice_id=str(number))
        return table.claim(None, lambda last, _: None if last else mine)

    with ThreadPoolExecutor(4) as threads:
        won = [notice for notice in threads.map(once, range(8)) if notice]
    assert len(won) == 1
    assert table.lasting() == won


def test_it_survives_a_restart(address: Address) -> None:
    log = CaptureLog(address)
    AlertsTable(log.database).add(FIRST)
    log.close()
    log = CaptureLog(address)
    assert AlertsTable(log.database).lasting() == [FIRST]
    log.close()
