"""Captures through crashes at any moment: what was answered is kept once, what failed is not there.

A crash leaves the files as they are at that moment: they are copied, and the copy is opened.
"""

import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.capture.provenance import RequestFacts
from core.capture.writer import Capturer
from core.errors import Unavailable
from core.records.captures import Capture, StoredImage
from core.records.window import now
from core.store import CaptureLog
from tests.support.records import make_image, make_prediction, to_captures
from tests.support.waiting import LONGEST

IMAGES = [make_image(seed) for seed in range(4)]
BEFORE, AFTER = "before its transaction", "between its transaction and the answer"


class Gate:
    """Stops the writer before a transaction or after it, where it is closed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._closed: set[str] = set()
        self._standing = False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self._pass(BEFORE)
        try:
            yield
        finally:
            self._pass(AFTER)

    def _pass(self, place: str) -> None:
        with self._changed:
            self._standing = place in self._closed
            self._changed.notify_all()
            self._changed.wait_for(lambda: place not in self._closed)
            self._standing = False

    def close(self, place: str) -> None:
        """From now on the writer stops there."""
        with self._changed:
            self._closed.add(place)

    def open(self) -> None:
        """Let the writer go on."""
        with self._changed:
            self._closed.clear()
            self._changed.notify_all()

    def wait(self) -> None:
        """Return once the writer stands at it."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._standing, LONGEST)


class Request(NamedTuple):
    """What was submitted, and the answer to come."""

    captures: Sequence[Capture]
    answer: Future[None]


class Captures(RuleBasedStateMachine):
    """Requests, and everything that may happen to a writer."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.begun = now()
        self.files = 0
        self.waiting: list[Request] = []
        self.answered: dict[str, str] = {}  # capture id -> image
        self.failed: set[str] = set()
        self.lost: list[set[str]] = []  # ids of requests that a crash left without an answer

    @initialize()
    def start(self) -> None:
        self.log = CaptureLog(self.path)
        self.gate = Gate()
        self.capturer = Capturer(self.log, timed=self.gate)
        self.stopped = False

    @property
    def path(self) -> Path:
        return self.folder / f"{self.files}.duckdb"

    @rule(drawn=st.lists(st.sampled_from(IMAGES), min_size=1, max_size=3), fits=st.integers(0, 5))
    def send(self, drawn: list[StoredImage], fits: int) -> None:
        """One request in six cannot be written, and whatever shares its transaction neither."""
        captures = to_captures(RequestFacts(), drawn, [make_prediction()] * len(drawn), "ab" * 32)
        if not fits:
            captures[-1] = replace(captures[-1], inferred_at=None)
        self.waiting.append(Request(captures, self.capturer.submit(captures, drawn)))
        if self.stopped:
            self.gate.wait()
        else:
            self.hear()

    @rule(place=st.sampled_from([BEFORE, AFTER]))
    def stop(self, place: str) -> None:
        if not self.stopped:
            self.gate.close(place)
            self.stopped = True

    @rule()
    def go_on(self) -> None:
        self.gate.open()
        self.stopped = False
        self.hear()

    @rule()
    def crash(self) -> None:
        left, self.files = self.path, self.files + 1
        for file in self.folder.glob(f"{left.name}*"):
            shutil.copy(file, self.folder / file.name.replace(left.name, self.path.name))
        self.lost += [{each.capture_id for each in request.captures} for request in self.waiting]
        self.waiting.clear()
        self.end()
        self.start()

    @rule()
    def restart(self) -> None:
        self.end()
        self.hear()
        self.start()

    @rule()
    def maintain(self) -> None:
        self.log.maintain()
        self.log.image_table.deduplicate(self.begun)
        assert (
            self.log.database.rows(
                "SELECT sha256 FROM log.images GROUP BY sha256 HAVING count(*) > 1"
            )
            == []
        )

    def hear(self) -> None:
        """Take the answers of all that wait."""
        for request in self.waiting:
            error = request.answer.exception(LONGEST)
            if error is None:
                self.answered |= {each.capture_id: each.image_sha256 for each in request.captures}
            else:
                assert isinstance(error, Unavailable)
                self.failed |= {each.capture_id for each in request.captures}
        self.waiting.clear()

    @invariant()
    def what_was_answered_is_there_once(self) -> None:
        rows = self.log.database.rows("SELECT capture_id::VARCHAR, image_sha256 FROM log.captures")
        kept = Counter(name for name, _ in rows)
        assert set(kept.values()) <= {1}
        assert self.answered.items() <= dict(rows).items()
        assert not self.failed & kept.keys()
        for request in self.lost:  # whole, or not at all
            assert len(request & kept.keys()) in (0, len(request))
        sent = [{each.capture_id for each in request.captures} for request in self.waiting]
        assert kept.keys() <= self.answered.keys() | set().union(*self.lost, *sent)
        named = {image for _, image in rows}
        assert self.log.images(list(named)).keys() == named

    def end(self) -> None:
        self.gate.open()
        self.capturer.close()
        self.log.close()

    def teardown(self) -> None:
        self.end()
        shutil.rmtree(self.folder)


TestCaptures = Captures.TestCase
TestCaptures.settings = settings(
    max_examples=8 if settings().derandomize else 80, stateful_step_count=20
)
