"""Sampling, provenance, and group commit: nothing is answered before it is durable."""

import hashlib
import itertools
import queue
import random
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from core.capture import writer
from core.capture.provenance import RequestFacts
from core.capture.writer import Capturer, capture_id, to_stored_image
from core.errors import Conflict, Unavailable
from core.images import ImageFile
from core.records.captures import Capture, CaptureMode, CaptureSettings, Provenance, StoredImage
from core.records.drift import LOOK
from core.records.queries import CaptureFilter
from core.store import CaptureLog
from core.store.looks import Look
from tests.support.expect import raises
from tests.support.images import noise, saved
from tests.support.records import (
    NO_PREDICTION,
    NOON,
    answered,
    comparable,
    make_capture,
    make_image,
    make_prediction,
    to_captures,
)
from tests.support.waiting import LONGEST, until

# Captures


def test_a_image_is_stored_as_it_came() -> None:
    content = saved(noise(5, 7), "BMP")
    assert to_stored_image(ImageFile.from_file(content)) == StoredImage(
        hashlib.sha256(content).hexdigest(), "image/bmp", content, width=7, height=5
    )


def test_a_request_becomes_one_capture_an_image() -> None:
    facts = RequestFacts(
        endpoint="cars",
        input_content_type="application/x-npy",
        output_content_type="text/csv",
        inference_id="i-1",
        custom_attributes="source=van;label=3",
        received_at=NOON,
    )
    images = [make_image(0), make_image(1)]
    predictions = [make_prediction(14), make_prediction(3)]
    captures = to_captures(facts, images, predictions, "cd" * 32)
    assert len({one.capture_id for one in captures}) == 2
    assert captures[0].event_id == captures[1].event_id
    for position, one in enumerate(captures):
        assert comparable(one) == comparable(
            Capture(
                capture_id("cars", "AllTraffic", one.event_id, position, NOON),
                one.event_id,
                position,
                "cars",
                "AllTraffic",
                NOON,
                "application/x-npy",
                "text/csv",
                "i-1",
                ("source=van;label=3",),
                images[position].sha256,
                **answered(predictions[position]),
                model_sha256="cd" * 32,
                provenance=Provenance("van", 3),
            )
        )


@pytest.mark.parametrize(
    ("mode", "missing"),
    [
        (CaptureMode.INPUT, {"output_content_type", *NO_PREDICTION}),
        (CaptureMode.OUTPUT, {"input_content_type", "image_sha256"}),
        (CaptureMode.INPUT_AND_OUTPUT, set()),
    ],
)
def test_the_mode_says_which_side_is_kept(mode: CaptureMode, missing: set[str]) -> None:
    facts = RequestFacts(received_at=NOON)
    (one,) = to_captures(facts, [make_image()], [make_prediction()], "cd" * 32, mode)
    sides = {
        "input_content_type": "image/png",
        "output_content_type": "application/json",
        "image_sha256": make_image().sha256,
        **answered(make_prediction()),
    }
    expected = {name: None if name in missing else value for name, value in sides.items()}
    assert comparable({name: vars(one)[name] for name in sides}) == comparable(expected)


def test_two_requests_have_two_event_ids() -> None:
    facts, image, prediction = RequestFacts(), make_image(), make_prediction()
    first, second = (to_captures(facts, [image], [prediction], "")[0] for _ in range(2))
    assert first.event_id != second.event_id


@given(
    st.text(),
    st.text(),
    st.text(),
    st.integers(0, 10**6),
    st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)),
)
def test_a_capture_id_is_a_uuid_that_begins_with_its_time(
    endpoint: str, variant: str, event_id: str, position: int, at: datetime
) -> None:
    own = capture_id(endpoint, variant, event_id, position, at)
    assert own == capture_id(endpoint, variant, event_id, position, at)
    value = uuid.UUID(own)
    assert (str(value), value.version, value.variant) == (own, 8, uuid.RFC_4122)
    assert abs((value.int >> 80) / 1000 - at.timestamp()) <= 0.002
    assert own != capture_id(endpoint, variant, event_id, position + 1, at)
    later = capture_id(endpoint, variant, event_id, position, at + timedelta(milliseconds=2))
    assert own < later


# The log's one writer


@pytest.fixture
def log(tmp_path: Path) -> Iterator[CaptureLog]:
    log = CaptureLog(tmp_path / "log.duckdb")
    yield log
    log.close()


class Recording:
    """A log that notes what is appended, and waits for permission where it has to."""

    def __init__(self, *, blocked: bool = False, failures: Sequence[Exception] = ()) -> None:
        self.groups: list[list[str]] = []
        self.images: list[list[str]] = []
        self.looks: list[dict[str, Look]] = []
        self.entered = threading.Event()
        self.allowed = threading.Event()
        self.failures = list(failures)
        if not blocked:
            self.allowed.set()

    def append(
        self, captures: Sequence[Capture], images: Sequence[StoredImage], looks: Mapping[str, Look]
    ) -> None:
        self.looks.append(dict(looks))
        self.entered.set()
        assert self.allowed.wait(LONGEST)
        if self.failures:
            raise self.failures.pop(0)
        self.groups.append([one.capture_id for one in captures])
        self.images.append([image.sha256 for image in images])


def until_waiting(capturer: Capturer, count: int) -> None:
    """Return once `count` requests wait behind the one that is being written."""
    until(lambda: capturer._waiting.qsize() == count, f"{count} requests wait")


def outcome(done: Future[None]) -> BaseException | None:
    return done.exception(timeout=LONGEST)


class Even(random.Random):
    """Draws 0, 0.001, 0.002, ... 0.999, and so on: each share of them is exact."""

    def __init__(self) -> None:
        super().__init__()
        self._drawn = itertools.cycle(range(1000))

    def random(self) -> float:
        return next(self._drawn) / 1000


@pytest.mark.parametrize(
    ("sampling", "kept"),
    [(0, 0), (0.1, 1), (12.5, 125), (50, 500), (90, 900), (99.9, 999), (100, 1000)],
)
def test_the_sampling_rate_is_kept(sampling: float, kept: int) -> None:
    capturer = Capturer(Recording())  # type: ignore[arg-type]
    capturer._random = Even()
    settings = CaptureSettings(sampling=sampling)
    assert sum(capturer.sampled(settings) for _ in range(1000)) == kept
    off = replace(settings, enabled=False)
    assert not any(capturer.sampled(off) for _ in range(1000))
    capturer.close()


def test_requests_are_sampled_one_by_one_and_by_chance() -> None:
    capturer = Capturer(Recording())  # type: ignore[arg-type]
    capturer._random.seed(0)
    settings, count = CaptureSettings(sampling=30), 100_000
    drawn = [capturer.sampled(settings) for _ in range(count)]
    assert binomtest(sum(drawn), count, 0.3).pvalue > 0.01
    both = sum(one and next for one, next in itertools.pairwise(drawn))
    assert binomtest(both, count - 1, 0.09).pvalue > 0.01
    capturer.close()


def test_what_was_stored_is_in_the_log_when_the_call_returns(log: CaptureLog) -> None:
    capturer = Capturer(log)
    image = make_image()
    one = make_capture(image)
    capturer.store([one], [image])
    assert comparable(log.capture(one.capture_id).capture) == comparable(one)
    assert log.image(image.sha256) == image
    capturer.close()


def test_an_image_alone_can_be_kept(log: CaptureLog) -> None:
    capturer = Capturer(log)
    capturer.store([], [make_image(3)])
    capturer.close()
    assert log.image(make_image(3).sha256) == make_image(3)
    assert log.count(CaptureFilter()) == 0


def test_no_request_returns_before_it_is_durable() -> None:
    log = Recording(blocked=True)
    capturer = Capturer(log)  # type: ignore[arg-type]
    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(capturer.store, [make_capture()], [])
        assert log.entered.wait(LONGEST)
        assert not done.done()
        log.allowed.set()
        assert outcome(done) is None
    capturer.close()


def submitted(capturer: Capturer, log: Recording, count: int) -> list[Future[None]]:
    """So many requests, of which the first is being written and the others wait behind it."""
    done = [capturer.submit([make_capture()], [])]
    assert log.entered.wait(LONGEST)
    return done + [capturer.submit([make_capture()], []) for _ in range(count - 1)]


def test_requests_that_wait_together_are_written_together() -> None:
    log = Recording(blocked=True)
    capturer = Capturer(log)  # type: ignore[arg-type]
    (first,) = submitted(capturer, log, 1)
    rest, image = [make_capture() for _ in range(7)], make_image()
    looks = {one.capture_id: np.full(LOOK, n, np.float16) for n, one in enumerate(rest)}
    own = [{one.capture_id: looks[one.capture_id]} for one in rest]
    done = [first, *map(capturer.submit, [[one] for one in rest], [[image]] * 7, own)]
    assert not any(each.done() for each in done)
    log.allowed.set()
    assert [outcome(each) for each in done] == [None] * 8
    capturer.close()
    assert log.groups[1:] == [[one.capture_id for one in rest]]
    assert log.images == [[], [image.sha256] * 7]
    assert log.looks[0] == {}
    assert log.looks[1].keys() == looks.keys()
    assert all((log.looks[1][name] == looks[name]).all() for name in looks)


def test_a_group_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MAX_GROUP", 3)
    log = Recording(blocked=True)
    capturer = Capturer(log)  # type: ignore[arg-type]
    done = submitted(capturer, log, 8)
    log.allowed.set()
    assert [outcome(each) for each in done] == [None] * 8
    capturer.close()
    assert [len(group) for group in log.groups] == [1, 3, 3, 1]


def test_every_waiting_request_gets_the_error_of_a_failing_log_and_the_writer_lives_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "MAX_GROUP", 3)
    log = Recording(blocked=True, failures=[OSError("no space"), OSError("disk full")])
    capturer = Capturer(log)  # type: ignore[arg-type]
    one = make_capture()
    done = [*submitted(capturer, log, 4), capturer.submit([one], [])]
    log.allowed.set()
    capturer.close()
    assert [each.done() for each in done] == [True] * 5
    *errors, last = map(outcome, done)
    assert [type(error) for error in errors] == [Unavailable] * 4
    assert [str(error) for error in errors] == [
        "the capture log does not take writes: no space",
        *["the capture log does not take writes: disk full"] * 3,
    ]
    assert last is None
    assert log.groups == [[one.capture_id]]


def test_an_error_of_our_own_keeps_its_words() -> None:
    capturer = Capturer(Recording(failures=[Conflict("as it is")]))  # type: ignore[arg-type]
    with raises(Conflict, "as it is"):
        capturer.store([make_capture()], [])
    capturer.close()


def test_a_closed_log_is_named_to_the_request(log: CaptureLog) -> None:
    capturer = Capturer(log)
    log.close()
    with raises(Unavailable, "the capture log is closed; start the dashboard again"):
        capturer.store([make_capture()], [])
    capturer.close()


def at_once(waiting: queue.Queue[Any]) -> Callable[..., None]:
    """`waiting.put`, which must not wait for room."""
    put = waiting.put

    def put_at_once(item: object, block: bool = True, timeout: float | None = None) -> None:
        assert not block
        put(item, block)

    return put_at_once


def test_a_full_queue_refuses_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MAX_WAITING", 2)
    log = Recording(blocked=True)
    capturer = Capturer(log)  # type: ignore[arg-type]
    done = submitted(capturer, log, 3)
    with monkeypatch.context() as patched:
        patched.setattr(capturer._waiting, "put", at_once(capturer._waiting))
        with raises(Unavailable, "2 requests wait to be captured; send this one again later"):
            capturer.store([make_capture()], [])
    log.allowed.set()
    assert [outcome(each) for each in done] == [None] * 3
    capturer.close()


def test_closing_writes_what_waits() -> None:
    log = Recording(blocked=True)
    capturer = Capturer(log)  # type: ignore[arg-type]
    done = submitted(capturer, log, 2)
    closing = threading.Thread(target=capturer.close)
    closing.start()
    until_waiting(capturer, 2)  # the request, and the end behind it
    log.allowed.set()
    closing.join(LONGEST)
    assert all(each.done() for each in done)
    assert [outcome(each) for each in done] == [None] * 2
    assert [len(group) for group in log.groups] == [1, 1]


def test_a_closed_capturer_says_so_instead_of_waiting_for_ever(log: CaptureLog) -> None:
    capturer = Capturer(log)
    capturer.close()
    capturer.close()  # once more does no harm
    with raises(Unavailable, "the capture log is closed; start the dashboard again"):
        capturer.store([make_capture()], [])
    assert log.count(CaptureFilter()) == 0


def test_many_threads_lose_nothing(log: CaptureLog) -> None:
    capturer, image = Capturer(log), make_image()
    captures = [make_capture(image) for _ in range(60)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda one: capturer.store([one], [image]), captures))
    capturer.close()
    found = {item.capture.capture_id for item in log.find(CaptureFilter(), limit=100)}
    assert found == {one.capture_id for one in captures}
