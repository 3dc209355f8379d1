"""The command line, in this process and in one of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from core.services import Services
from tests.support.records import make_capture, make_image, make_prediction


class Outcome(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    def document(self) -> Any:
        """The one JSON object on stdout."""
        assert self.out.count("\n") == 1
        return json.loads(self.out)


Run = Callable[..., Outcome]


def last_line(err: str) -> str:
    """What stays on the screen: a progress bar before it wipes itself."""
    return err.replace("\r", "\n").rstrip("\n").rsplit("\n", 1)[-1]


ROOT = Path(__file__).parents[2]


AROUND_NOON = ("--since", "2026-02-14T11:00:00Z", "--until", "2026-02-14T13:00:00Z")


def run_apart(*arguments: object) -> Outcome:
    """`python -m core` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ,
        text=True,
        capture_output=True,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def put(services: Services, class_ids: list[int]) -> None:
    """Captures at noon, of these classes."""
    image = make_image()
    captures = [make_capture(image, prediction=make_prediction(k)) for k in class_ids]
    services.log.append(captures, [image])
