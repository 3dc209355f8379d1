"""A replica that looks once at what is due in a shared log.

Run as a program: python -m tests.support.ticking MINUTES DATA_FOLDER, connection string on stdin.
"""

import sys

from core.store import CaptureLog
from core.store.address import LakeAddress
from tests.support.clock import Clock
from tests.support.scheduling import schedules_over


def main(minutes: float, data: str, conninfo: str) -> None:
    """As if it were so many minutes past noon."""
    log, clock = CaptureLog(LakeAddress(conninfo, data)), Clock()
    clock.go(minutes=minutes)
    schedules_over(log, clock).tick()
    log.close()


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2], sys.stdin.read())
