"""`make soak`: prints each hour as it ends, and the day's figures beside their goals.

`REQUESTS=10000` sends fewer; `SEED=1` repeats a day. Exit code 1 if a figure is short.
"""

from __future__ import annotations

import secrets
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.rows import Row, Rows
from tests.soak.day import hours
from tests.soak.report import HEAD, Day, Hour, line, statuses

REQUESTS = 100_000
MEMORY_RATIO = 1.05


def rows() -> Rows:
    """The figures of a whole day."""
    yield from figures(soak(REQUESTS, secrets.randbelow(2**32)))


def figures(day: Day) -> list[Row]:
    """Those that have a goal."""
    return [
        Row("soak: answered requests without a capture", day.total("lost"), 0, at_least=False),
        Row("soak: requests captured twice", day.total("doubled"), 0, at_least=False),
        Row("soak: refused requests that are captured", day.total("made_up"), 0, at_least=False),
        Row("soak: answers of 5xx", day.total("failed"), 0, at_least=False),
        Row("soak: answers of another kind", day.total("unexpected"), 0, at_least=False),
        Row("soak: memory, end / first tenth", day.memory_ratio, MEMORY_RATIO, at_least=False),
    ]


def soak(requests: int, seed: int) -> Day:
    """A day of traffic, printed hour by hour."""
    print(f"{requests:,} requests, seed {seed}\n{HEAD}", flush=True)
    seen: list[Hour] = []
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        for number, hour in enumerate(hours(Path(folder), requests, seed)):
            seen.append(hour)
            print(line(number, hour), flush=True)
    return Day(seen)


def main(arguments: list[str]) -> int:
    """Arguments: how many requests, and the seed; both optional."""
    requests = int(arguments[0]) if arguments else REQUESTS
    seed = int(arguments[1]) if len(arguments) > 1 else secrets.randbelow(2**32)
    day = soak(requests, seed)
    print(*statuses(day), *figures(day), sep="\n")
    return int(not all(row.holds for row in figures(day)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
