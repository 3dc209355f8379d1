"""`make bench`: prints every figure beside its goal; exit code 1 if any is short."""

from __future__ import annotations

import sys
from functools import cache
from itertools import chain

from tests.benchmarks import (
    attacks,
    blog,
    capture_files,
    classifier,
    drill,
    endpoint,
    executions,
    explain,
    log,
    monitor,
    suspicion,
    tensors,
    triage,
)
from tests.benchmarks.rows import Row, Rows


@cache
def _endpoint() -> tuple[Row, ...]:
    return tuple(endpoint.rows())


def endpoint_rows() -> Rows:
    """Measured once, also where two parts ask for it."""
    yield from _endpoint()


PARTS = {
    "classifier": classifier.rows,
    "endpoint": endpoint_rows,
    "attacks": attacks.rows,
    "explain": lambda: chain(explain.rows(), tensors.rows()),
    "monitor": lambda: chain(blog.rows(), executions.rows(), drill.rows(), monitor.rows()),
    "suspicion": lambda: chain(suspicion.rows(), endpoint_rows(), triage.rows()),
    "log": lambda: chain(log.rows(), capture_files.rows()),
}


def main(chosen: list[str]) -> int:
    """Run the parts named, or all of them."""
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        print(f"unknown part {unknown[0]!r}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    short = False
    for name in chosen or PARTS:
        for row in PARTS[name]():
            print(row, flush=True)
            short |= not row.holds
    return int(short)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
