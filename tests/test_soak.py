"""What the soak counts: lost, doubled, made up and failed requests, worked out by hand."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.images import encode_png
from tests.soak.clients import Sent, send
from tests.soak.readings import Reading
from tests.soak.report import Day, Hour, line, statuses
from tests.soak.traffic import HOURS, KINDS, Request, a_day, requests_by_hour
from tests.support.images import noise

IMAGES = [encode_png(noise(32, 32, seed)) for seed in range(3)]


def sent(number: int, status: int | None, kind: str = "image", seconds: float = 0.1) -> Sent:
    return Sent(Request(KINDS[kind], 0, f"id-{number}", b""), status, seconds)


def hour(*each: Sent, captures: dict[str, int] | None = None, memory: int = 1_000_000) -> Hour:
    return Hour(each, Counter(captures or {}), Reading(memory, 10, 5, 2_000_000))


def test_answered_and_captured_once_is_neither_lost_nor_doubled() -> None:
    seen = hour(sent(0, 200), captures={"id-0": 1})
    assert (seen.lost, seen.doubled, seen.made_up, seen.failed, seen.unexpected) == (0, 0, 0, 0, 0)


def test_answered_without_a_capture_is_lost() -> None:
    seen = hour(sent(0, 200), sent(1, 200), sent(2, 200, "batch"), captures={"id-0": 1})
    assert seen.lost == 2


def test_a_question_needs_no_capture() -> None:
    assert hour(sent(0, 200, "question")).lost == 0


def test_two_captures_are_doubled_whoever_waited() -> None:
    seen = hour(
        sent(0, 200), sent(1, None, "no wait for the answer"), captures={"id-0": 2, "id-1": 3}
    )
    assert seen.doubled == 2


def test_who_did_not_wait_may_be_captured_once_or_not() -> None:
    kind = "no wait for the answer"
    seen = hour(sent(0, None, kind), sent(1, None, kind), captures={"id-0": 1})
    assert (seen.lost, seen.made_up, seen.unexpected) == (0, 0, 0)


def test_half_a_body_or_a_refusal_that_is_captured_is_made_up() -> None:
    seen = hour(
        sent(0, None, "half a body"),
        sent(1, 400, "no image"),
        sent(2, 400, "no image"),
        captures={"id-0": 1, "id-1": 1},
    )
    assert seen.made_up == 2


def test_a_capture_whose_answer_never_came_is_not_made_up() -> None:
    seen = hour(sent(0, 0), captures={"id-0": 1})
    assert (seen.made_up, seen.lost, seen.unexpected) == (0, 0, 1)


@pytest.mark.parametrize(
    ("status", "kind", "failed", "unexpected"),
    [
        (503, "image", 1, 1),
        (500, "no image", 1, 1),
        (200, "no image", 0, 1),
        (415, "unknown type", 0, 0),
        (400, "image", 0, 1),
    ],
)
def test_each_kind_has_its_answers(status: int, kind: str, failed: int, unexpected: int) -> None:
    seen = hour(sent(0, status, kind))
    assert (seen.failed, seen.unexpected) == (failed, unexpected)


def test_percentiles_are_of_predictions_alone() -> None:
    each = [sent(n, 200, seconds=n / 1_000) for n in range(1, 102)]
    seen = hour(*each, sent(200, 200, "question", seconds=9.0))
    assert seen.milliseconds(50) == pytest.approx(51.0)
    assert seen.milliseconds(99) == pytest.approx(100.0)


def test_memory_is_compared_with_that_after_a_tenth() -> None:
    few = [sent(n, 200, "question") for n in range(3)]
    day = Day(
        [
            hour(few[0], memory=100),  # 1 of 30: less than a tenth
            hour(*few[1:], memory=400),  # 3 of 30
            hour(*(sent(n, 200, "question") for n in range(27)), memory=500),
        ]
    )
    assert day.memory_ratio == 1.25


def test_totals_are_over_all_hours() -> None:
    day = Day([hour(sent(0, 200)), hour(sent(1, 200), sent(2, 503))])
    assert (day.total("lost"), day.total("failed")) == (2, 1)


def test_lines_say_what_was_counted() -> None:
    seen = hour(sent(0, 200), sent(1, 0), sent(2, None, "half a body"), captures={"id-0": 1})
    assert line(3, seen).split() == [
        *("3", "3", "100.0", "100.0", "0", "0", "0", "1", "10", "5", "2.0")
    ]
    assert statuses(Day([seen])) == [
        "half a body: 1 x not waited for",
        "image: 1 x 200, 1 x no answer",
    ]


def test_the_day_has_its_requests_most_of_them_in_the_afternoon() -> None:
    counts = requests_by_hour(10_000)
    assert (len(counts), sum(counts)) == (HOURS, 10_000)
    assert counts.index(max(counts)) == 15
    assert counts.index(min(counts)) == 3
    assert max(counts) / min(counts) == pytest.approx(4, abs=0.05)


def test_a_seed_repeats_its_day() -> None:
    first, again = (list(a_day(IMAGES, 200, seed=7)) for _ in range(2))
    assert first == again
    assert first != list(a_day(IMAGES, 200, seed=8))
    assert len({request.inference_id for request in first}) == 200
    assert [request.hour for request in first] == sorted(request.hour for request in first)


def test_every_kind_comes_about_as_often_as_its_share() -> None:
    assert sum(kind.share for kind in KINDS.values()) == pytest.approx(1)
    counts = Counter(request.kind.name for request in a_day(IMAGES, 5_000, seed=0))
    for name, kind in KINDS.items():
        assert counts[name] / 5_000 == pytest.approx(kind.share, abs=0.03), name


@contextmanager
def server() -> Iterator[tuple[int, list[bytes]]]:
    """Answers 200 to images, 400 to others, whole or in chunks; its port, and the ids it read."""
    read: list[bytes] = []
    loop = asyncio.new_event_loop()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(row.lower().split(b": ", 1) for row in head.split(b"\r\n")[1:-2])
                body = await reader.readexactly(int(fields[b"content-length"]))
                read.append(fields[b"x-amzn-sagemaker-inference-id"])
                good = body in IMAGES or head.startswith(b"GET")
                writer.write(b"HTTP/1.1 200 OK\r\n" if good else b"HTTP/1.1 400 Bad Request\r\n")
                if len(read) % 2:
                    writer.write(b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
                else:
                    writer.write(b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")
                    writer.close()
                    return
        except (EOFError, OSError):
            writer.close()

    listening = loop.run_until_complete(asyncio.start_server(answer, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield listening.sockets[0].getsockname()[1], read
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listening.close()
        loop.run_until_complete(listening.wait_closed())
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def test_clients_tell_each_answer_and_hang_up_where_they_should() -> None:
    day = [
        each
        for each in a_day(IMAGES, 300, seed=3)
        if each.kind.name in ("image", "no image", "half a body", "question")
    ]
    with server() as (port, read):
        found = {each.request.inference_id: each.status for each in send(port, day)}
    wanted = {"image": 200, "question": 200, "no image": 400, "half a body": None}
    assert found == {each.inference_id: wanted[each.kind.name] for each in day}
    whole = {each.inference_id.encode() for each in day if each.kind.name != "half a body"}
    assert set(read) == whole
    assert len(read) == len(whole)


def test_a_server_that_is_away_is_no_answer() -> None:
    with server() as (port, _):
        pass
    (request,) = (each for each in a_day(IMAGES, 1, seed=1))
    assert [each.status for each in send(port, [request])] == [0]
