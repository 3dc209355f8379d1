"""How fast the log answers when it is long: 10,000,000 captures in a file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.capture.writer import Capturer
from core.records.queries import NEWEST, OLDEST, CaptureFilter, Cursor, Direction
from core.records.window import Window
from core.store import CaptureLog
from core.store.listing import Listing
from tests.benchmarks import rounds
from tests.benchmarks.rounds import Floats
from tests.benchmarks.rows import Row, Rows
from tests.support.records import make_capture, make_image

CAPTURES = 10_000_000
DAYS = 100
END = datetime(2026, 7, 1, tzinfo=UTC)
START = END - timedelta(days=DAYS)
REPEATS = 7
COMMIT = 32


def rows() -> Rows:
    """Every figure over one log, built once."""
    with built() as log:
        for part in PARTS:
            yield from part(log)


def figures(log: CaptureLog) -> Rows:
    """What the overview and the monitor ask for."""
    hour = Window(END - timedelta(hours=1), END)
    everything = Window(START, END + timedelta(seconds=1))
    month = replace(hour, start=END - timedelta(days=30))

    def live() -> None:
        log.window_figures(hour, low_confidence=0.6)
        log.counts_over_time(hour, 60)

    queue = CaptureFilter(window=month, flagged=True, decided=False)
    yield Row.of_rounds(
        "class counts by hour, 10M captures, s",
        seconds(lambda: log.counts_over_time(everything, 3600)),
        0.5,
        False,
    )
    yield Row.of_rounds("live window, 10M captures, ms", seconds(live) * 1000, 50, False)
    yield Row.of_rounds(
        "flagged and undecided of 30 days, 10M captures, ms",
        seconds(lambda: log.count(queue)) * 1000,
        50,
        False,
    )


def pages(log: CaptureLog) -> Rows:
    """Pages of the Captures table: the slowest of all ends, places and filters."""
    listing = Listing(log.database)
    middle = START + timedelta(days=DAYS / 2)
    filters = [
        CaptureFilter(),
        CaptureFilter(class_id=14),
        CaptureFilter(max_confidence=0.55),
        CaptureFilter(flagged=True),
        CaptureFilter(flagged=True, decided=False),
        CaptureFilter(source="lab"),
        CaptureFilter(endpoint="cars", class_id=3, flagged=True),
    ]
    cursors = [NEWEST, OLDEST, Cursor(inferred_at=middle), Cursor(Direction.NEWER, middle)]
    worst = slowest(
        partial(listing.page, chosen, cursor) for chosen in filters for cursor in cursors
    )
    yield Row.of_rounds("slowest page of the Captures table, 10M captures, ms", worst, 200, False)
    nothing = slowest([partial(listing.page, CaptureFilter(source="nobody"))])
    yield Row.of_rounds("a page that nothing matches, 10M captures, ms", nothing, 200, False)


def one_capture(log: CaptureLog) -> Rows:
    """A capture by its id, old, middle and new."""
    found = log.database.rows(
        "SELECT capture_id::VARCHAR FROM log.captures WHERE position IN (0, 5000000, 9999999)"
    )
    worst = slowest(partial(log.capture, name) for (name,) in found)
    yield Row.of_rounds("slowest capture by its id, 10M captures, ms", worst, 20, False)


def commits(log: CaptureLog) -> Rows:
    """The writer's transaction under load: new captures, each with a new image."""
    log.maintain()
    images = iter([make_image(seed) for seed in range(COMMIT * (REPEATS + 1))])
    capturer = Capturer(log)

    def commit() -> float:
        batch = [next(images) for _ in range(COMMIT)]
        captures = [make_capture(image, inferred_at=END) for image in batch]
        return rounds.seconds(lambda: capturer.store(captures, batch))

    taken = np.array(rounds.interleaved({"commit": commit}, REPEATS)["commit"])
    capturer.close()
    yield Row.of_rounds("commit of 32 captures with image, ms", taken * 1000, 10, False)


# Whoever has something to measure over a long log adds it here.
PARTS: tuple[Callable[[CaptureLog], Rows], ...] = (figures, pages, one_capture, commits)


def seconds(call: Callable[[], object]) -> Floats:
    """Of REPEATS calls, after one that warms up."""
    return rounds.interleaved_seconds({"call": call}, REPEATS)["call"]


def slowest(calls: Iterable[Callable[[], object]]) -> Floats:
    """Milliseconds of the call with the largest median."""
    return max((seconds(call) * 1000 for call in calls), key=np.median)


@contextmanager
def built(
    captures: int = CAPTURES, images: Sequence[bytes] = (b"abcdefgh",)
) -> Iterator[CaptureLog]:
    """A log of so many captures over DAYS days up to END, in order of time, the same every time.

    One class in four is 14, one capture in two hundred is flagged, and half of those are decided.
    `position` counts the captures. Each names an image, and its content is one of `images`:
    eight bytes, to save space, where nobody looks at them.
    """
    step = DAYS * 86_400_000_000 // captures
    pool = pa.table({"k": range(len(images)), "content": list(images)})
    with tempfile.TemporaryDirectory() as folder:
        log = CaptureLog(Path(folder) / "log.duckdb")
        with log.database.transaction() as transaction:
            transaction.execute("SELECT setseed(0.5)")
            transaction.execute(_CAPTURES.format(captures=captures, step=step))
            transaction.insert(_IMAGES.format(captures=captures, step=step), pool)
            transaction.execute(_DECISIONS.format(decisions=captures // 100, captures=captures))
        log.maintain()
        yield log
        log.close()


EPOCH = int(START.timestamp() * 1_000_000)  # step: microseconds between two captures
_CAPTURES = f"""
    INSERT INTO log.captures BY NAME
    WITH pool AS (
        SELECT list(unhex(repeat(md5(k::VARCHAR), 11)[:344]) ORDER BY k) AS probabilities
        FROM range(1000) AS t(k)),
    drawn AS (
        SELECT n, make_timestamp({EPOCH} + n * {{step}}) AS inferred_at,
            random() AS a, random() AS b, random() AS c, random() AS d
        FROM range({{captures}}) AS t(n))
    SELECT
        (lpad(hex(({EPOCH} + n * {{step}}) // 1000), 12, '0') || '8' || left(md5(n::VARCHAR), 3)
            || '8' || right(md5(n::VARCHAR), 15))::UUID AS capture_id,
        uuid()::VARCHAR AS event_id, n::INTEGER AS position,
        CASE WHEN a < 0.9 THEN 'signwatch' ELSE 'cars' END AS endpoint, 'AllTraffic' AS variant,
        inferred_at, 'image/png' AS input_content_type,
        'application/json;verbose=true' AS output_content_type,
        sha256(n::VARCHAR) AS image_sha256,
        CASE WHEN b < 0.25 THEN 14 ELSE (b * 43)::INTEGER % 43 END AS class_id,
        (1 - c * c / 2)::FLOAT AS confidence,
        pool.probabilities[1 + n % 1000] AS probabilities, d AS p_value,
        d < 0.005 AS flagged,
        CASE WHEN d < 0.005 THEN '["margin unlike clean images"]' ELSE '[]' END AS reasons,
        repeat('ab', 32) AS model_sha256,
        CASE WHEN a < 0.5 THEN 'replay' WHEN a < 0.55 THEN 'lab' END AS source
    FROM drawn, pool"""
_IMAGES = f"""
    INSERT INTO log.images
    SELECT sha256(n::VARCHAR), 'image/png', content, 64, 64,
        make_timestamp({EPOCH} + n * {{step}})
    FROM range({{captures}}) AS t(n)
    JOIN incoming ON k = n % (SELECT count(*) FROM incoming)"""
_DECISIONS = """
    INSERT INTO log.decisions
    (SELECT capture_id, 'adversarial', 14, 'seen', 'ada', inferred_at + INTERVAL 1 HOUR
    FROM log.captures WHERE flagged ORDER BY hash(capture_id) LIMIT {decisions} // 4)
    UNION ALL SELECT capture_id, 'right after all', 14, 'again', 'ada',
        inferred_at + INTERVAL 2 HOUR
    FROM log.captures WHERE position % ({captures} // ({decisions} * 3 // 4)) = 0"""
