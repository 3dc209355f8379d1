"""A request that is sent again with its inference id is stored once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from core.capture.provenance import RequestFacts
from core.capture.writer import event_id
from core.records.captures import Capture, StoredImage
from core.records.queries import CaptureFilter
from core.store import CaptureLog
from core.store.address import Address
from core.store.retries import RETRIED_WITHIN
from tests.support.records import NOON, comparable, make_image, make_prediction, to_captures

EVERYTHING = CaptureFilter()
MINUTE = timedelta(minutes=1)


def request(
    name: str | None = "r-1",
    *,
    minutes: float = 0,
    images: Sequence[StoredImage] = (make_image(),),
    endpoint: str = "signwatch",
    class_id: int = 14,
) -> list[Capture]:
    """The captures of a request as it comes then, whatever came before."""
    facts = RequestFacts(endpoint=endpoint, inference_id=name, received_at=NOON + minutes * MINUTE)
    return to_captures(facts, images, [make_prediction(class_id)] * len(images), "ab" * 32)


def kept(log: CaptureLog) -> list[str]:
    return sorted(item.capture.capture_id for item in log.find(EVERYTHING, limit=99))


def test_a_retry_is_stored_once_and_answered_as_before(log: CaptureLog) -> None:
    (first,), (again,) = request(), request(minutes=5, class_id=3)
    assert log.append([first], []) == {}
    known = log.append([again], [])
    assert comparable(known) == comparable({again.capture_id: first})
    assert kept(log) == [first.capture_id]


def test_of_retries_in_one_transaction_the_first_counts(log: CaptureLog) -> None:
    (first,), (again,) = request(), request(minutes=1)
    assert comparable(log.append([first, again], [])) == comparable({again.capture_id: first})
    assert kept(log) == [first.capture_id]


def test_a_retry_is_known_after_a_restart(address: Address) -> None:
    (first,), (again,) = request(), request(minutes=5)
    log = CaptureLog(address)
    log.append([first], [])
    log.close()
    log = CaptureLog(address)
    assert list(log.append([again], [])) == [again.capture_id]
    assert kept(log) == [first.capture_id]
    log.close()


def test_what_was_stored_in_part_is_completed(log: CaptureLog) -> None:
    images = [make_image(seed) for seed in range(3)]
    first, again = request(images=images), request(images=images, minutes=5)
    log.append(first[:2], [])
    assert list(log.append(again, [])) == [each.capture_id for each in again[:2]]
    assert kept(log) == sorted([*(each.capture_id for each in first[:2]), again[2].capture_id])


@pytest.mark.parametrize(
    "other",
    [
        request("r-2"),
        request(images=[make_image(1)]),
        request(images=[make_image(), make_image()])[:1],
        request(endpoint="cars"),
        request(minutes=61),
    ],
    ids=["another id", "another image", "more images", "another endpoint", "much later"],
)
def test_another_request_is_none(log: CaptureLog, other: list[Capture]) -> None:
    log.append(request(), [])
    assert log.append(other, []) == {}
    assert log.count(EVERYTHING) == 2


def test_without_an_id_each_request_counts(log: CaptureLog) -> None:
    for _ in range(2):
        assert log.append(request(None), []) == {}
        assert log.append(request(""), []) == {}
    assert log.count(EVERYTHING) == 4


def test_requests_are_known_for_an_hour(log: CaptureLog) -> None:
    """Whatever else comes meanwhile."""
    (first,) = request(minutes=0)
    log.append([first], [])
    for minutes in (1, 30, 59, 61, 62, 110):
        log.append(request(f"r-{minutes}", minutes=minutes), [])
    assert log.append(request(minutes=60), []) != {}
    assert log.append(request("r-61", minutes=121), []) != {}
    assert timedelta(hours=1) == RETRIED_WITHIN


def test_a_transaction_that_failed_makes_nothing_known(log: CaptureLog) -> None:
    (first,), (again,) = request(), request(minutes=1)
    broken = replace(request("r-2")[0], capture_id="no-uuid")
    with pytest.raises(Exception, match="no-uuid"):
        log.append([first, broken], [])
    assert log.append([again], []) == {}
    assert kept(log) == [again.capture_id]


def test_an_event_id_is_made_of_what_makes_a_request_the_same() -> None:
    facts, images = RequestFacts(inference_id="r"), [make_image(0), make_image(1)]
    name = event_id(facts, images)
    assert name == event_id(replace(facts, received_at=NOON, custom_attributes="a"), images)
    assert name[14] == "8"
    others = [
        event_id(replace(facts, inference_id="s"), images),
        event_id(replace(facts, endpoint="cars"), images),
        event_id(facts, images[::-1]),
        event_id(facts, images[:1]),
        event_id(replace(facts, inference_id=None), images),
        event_id(replace(facts, inference_id=None), images),
    ]
    assert len({name, *others}) == 7
