"""A process that writes into a shared log, as a replica behind a load balancer would.

Run as a program: python -m tests.support.writer NUMBER DATA_FOLDER, connection string on stdin.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from core.capture.writer import Capturer
from core.records.captures import Capture
from core.store import CaptureLog
from core.store.address import LakeAddress
from tests.support.records import NO_PREDICTION, NOON, make_capture, make_image, make_prediction

PROCESSES = 3
REQUESTS = 30
IMAGES = [make_image(seed) for seed in range(6)]


def traffic(number: int) -> list[Capture]:
    """What process `number` writes: always the same, and nothing that another one does."""
    captures = []
    for request in range(REQUESTS):
        prediction = make_prediction(
            (request * 7 + number) % 43 if request % 3 else 14,
            0.25 + request % 8 / 16,
            flagged=request % 5 == 0,
        )
        captures.append(
            make_capture(
                IMAGES[request % len(IMAGES)],
                prediction=prediction,
                event_id=f"{number}-{request}",
                endpoint=("signwatch", "cars")[request % 2],
                inferred_at=NOON + timedelta(seconds=request, milliseconds=number),
                **NO_PREDICTION if request % 10 == 9 else {},
            )
        )
    return captures


def main(number: int, data: str, conninfo: str) -> None:
    """Write all of it, four requests at a time; the log is put in order meanwhile."""
    log = CaptureLog(LakeAddress(conninfo, data))
    capturer = Capturer(log)
    with ThreadPoolExecutor(4) as threads:
        done = [threads.submit(capturer.store, [capture], IMAGES) for capture in traffic(number)]
        done[REQUESTS // 2].result()
        log.maintain()
        for each in done:
            each.result()
    capturer.close()
    log.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.stdin.read())
