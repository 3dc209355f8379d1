"""A process that works on a log without end, to be killed in the middle of it.

Run as a program: python -m tests.support.killed ACT ROUND FOLDER, for a shared log with its
connection string on stdin. Each line on stdout names what was durable before it was printed.
"""

import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.capture.files.importer import Importer
from core.capture.files.tree import import_tree
from core.images import ImageLimits
from core.invocations import RequestLimits
from core.monitoring.baselines import Baselines
from core.records.window import Window, now
from core.store import BaselinesTable, CaptureFilesTable, CaptureLog, Retention
from core.store.address import Address, FileAddress, LakeAddress
from tests.support.records import NOON, make_capture, make_image, make_prediction

LIMITS = RequestLimits(20_000_000, 256, ImageLimits(20_000_000, 40_000_000))
HOUR = timedelta(hours=1)
IMAGES = [make_image(seed) for seed in range(8)]


def log_of(folder: Path, conninfo: str) -> CaptureLog:
    """The log that everything here works on."""
    place: Address = FileAddress(folder / "log.duckdb")
    return CaptureLog(LakeAddress(conninfo, str(folder / "lake")) if conninfo else place)


def append(log: CaptureLog, folder: Path, round: int) -> Iterator[str]:
    """Captures, one after the other, each durable when its id comes."""
    for number in itertools.count():
        image = IMAGES[number % len(IMAGES)]
        name = f"{round}-{number}"
        log.append([make_capture(image, event_id=name, inferred_at=now())], [image])
        yield name


def checkpoint(log: CaptureLog, folder: Path, round: int) -> Iterator[str]:
    """Captures while the log is put in order without a pause."""
    _beside(log.maintain)
    yield from append(log, folder, round)


def upkeep(log: CaptureLog, folder: Path, round: int) -> Iterator[str]:
    """Captures while old ones are deleted, and copies of images, without a pause."""

    def keep_up() -> None:
        old = [make_capture(event_id="old", inferred_at=now() - HOUR) for _ in range(20)]
        log.append(old, [])
        Retention(log.database, days=1 / 48, gigabytes=0).apply(now())
        log.image_table.deduplicate(datetime(2000, 1, 1, tzinfo=UTC))
        log.maintain()

    _beside(keep_up)
    yield from append(log, folder, round)


def importing(log: CaptureLog, folder: Path, round: int) -> Iterator[str]:
    """The files of `folder`/tree, over and over; each file when it is read."""
    importer = Importer(CaptureFilesTable(log.database), LIMITS)
    while True:
        for path in sorted((folder / "tree").iterdir()):
            import_tree(path, importer, lambda *_: None)
            yield path.name


def baseline(log: CaptureLog, folder: Path, round: int) -> Iterator[str]:
    """Baselines of the same captures."""
    if round == 0:
        log.append([make_capture(prediction=make_prediction(k % 3)) for k in range(300)], [])
    baselines = Baselines(BaselinesTable(log.database), 43)
    while True:
        yield baselines.create(Window(NOON, NOON + HOUR)).baseline_id


ACTS: dict[str, Callable[[CaptureLog, Path, int], Iterator[str]]] = {
    "append": append,
    "checkpoint": checkpoint,
    "upkeep": upkeep,
    "import": importing,
    "baseline": baseline,
}


def _beside(work: Callable[[], object]) -> None:
    def without_end() -> None:
        while True:
            work()

    threading.Thread(target=without_end, daemon=True).start()


def main(act: str, round: int, folder: Path, conninfo: str) -> None:
    """Until somebody kills it."""
    for done in ACTS[act](log_of(folder, conninfo), folder, round):
        print(done, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.stdin.read())
