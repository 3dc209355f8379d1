"""A large image decoded by a process of its own, which is ended when its time is over."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

from core.errors import BadInput
from core.images import worker
from core.images.header import Damaged, Header
from core.images.limits import ImageLimits


def rows(header: Header, kind: str, limits: ImageLimits) -> Iterator[bytes]:
    """Stripes of RGB, reduced; raises Damaged, and BadInput once `limits.max_seconds` are over."""
    size = sum(map(len, header.pieces))
    whole_seconds = math.ceil(limits.max_seconds)
    asked = [kind, *map(str, (header.reduction, size, whole_seconds, limits.max_memory))]
    width = -(-header.width // header.reduction)
    stripe = 3 * width * max(1, worker.STRIPE // (3 * width))
    over = threading.Event()
    with subprocess.Popen(  # noqa: S603  # what it runs and asks is our own
        [sys.executable, "-I", worker.__file__, *asked],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin and process.stdout and process.stderr

        def end() -> None:
            over.set()
            process.kill()

        timer = threading.Timer(limits.max_seconds, end)
        timer.start()
        try:
            with suppress(BrokenPipeError):  # it says why on its standard error
                for piece in header.pieces:
                    process.stdin.write(piece)
            with suppress(BrokenPipeError):
                process.stdin.close()
            while part := process.stdout.read(stripe):
                if len(part) % (3 * width) == 0:  # else it was ended amid a row
                    yield part
            reason = process.stderr.read().decode(errors="replace").strip()
            process.wait()
        finally:
            timer.cancel()
            process.kill()
    if over.is_set():
        raise BadInput(
            f"the image took more than {limits.max_seconds:g} s to decode "
            "(SIGNWATCH_MAX_DECODE_SECONDS). Reduce it, or save it as baseline JPEG"
        )
    if process.returncode:
        raise Damaged(reason.splitlines()[-1] if reason else f"it ended with {process.returncode}")
