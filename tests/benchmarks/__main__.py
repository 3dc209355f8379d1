"""`make bench`: prints every figure beside its goal; exit code 1 if any is short."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping
from functools import cache
from time import monotonic

from tests.benchmarks import (
    attacks,
    blog,
    capture_files,
    classifier,
    coverage,
    drill,
    endpoint,
    executions,
    explain,
    hardening,
    hardening_disk,
    hardening_kills,
    log,
    monitor,
    peer_attacks,
    road,
    silent,
    suspicion,
    tensors,
    triage,
)
from tests.benchmarks.rows import Row, Rows, measured
from tests.soak import __main__ as soak

MINUTES = 15  # of a part, on two cores


@cache
def _endpoint() -> tuple[Row, ...]:
    return tuple(measured("endpoint", endpoint.rows))


def endpoint_rows() -> Rows:
    """Measured once, also where two parts ask for it."""
    yield from _endpoint()


# Each part in sections: one that cannot be measured is short, and leaves the others alone.
Sections = Mapping[str, Callable[[], Rows]]
PARTS: dict[str, Sections] = {
    "classifier": {"accuracy": classifier.rows},
    "endpoint": {"endpoint": endpoint_rows},
    "attacks": {
        "success of attacks": attacks.rows,
        "speed of PGD": peer_attacks.speed,
    },
    "explain": {
        "completeness": explain.completeness,
        "maps in a batch": explain.batches,
        "maps beside peers": explain.beside_peers,
        "quality of maps": explain.quality,
        "maps from records": tensors.rows,
    },
    "monitor": {
        "blog's evaluation": blog.rows,
        "runs of the monitor": executions.rows,
        "drills": drill.rows,
        "false alarms": monitor.false_alarms,
        "delays": monitor.delays,
        "false alarms on a road": road.false_alarms,
        "delays on a road": road.delays,
        "volume": road.volume_alarms,
        "restart of the drift detector": monitor.restart,
        "speed of the drift detector": monitor.speed,
    },
    "suspicion": {
        "suspicion": suspicion.rows,
        "what a calibration states": suspicion.splits,
        "intervals": coverage.rows,
        "cost of suspicion": suspicion.cost,
        "endpoint": endpoint_rows,
        "triage": triage.rows,
    },
    "hardening": {
        "heavy requests": hardening.rows,
        "silent clients": silent.rows,
        "fuzzed requests": silent.fuzz,
        "kills": hardening_kills.rows,
        "full disk": hardening_disk.rows,
        "a day": soak.rows,
    },
    "log": {"a long log": log.rows, "capture files": capture_files.rows},
}


def main(chosen: list[str]) -> int:
    """Run the parts named, or all of them."""
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        print(f"unknown part {unknown[0]!r}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    short = False
    for name in chosen or PARTS:
        for row in part(name, PARTS[name]):
            print(row, flush=True)
            short |= not row.holds
    return int(short)


def part(name: str, sections: Sections) -> Rows:
    """The rows of a part, and how long it took."""
    begun = monotonic()
    for title, rows in sections.items():
        yield from measured(title, rows)
    yield Row(f"{name}: minutes", (monotonic() - begun) / 60, MINUTES, False)


if __name__ == "__main__":
    # As Ctrl-C does, so that the servers that a part has started end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
