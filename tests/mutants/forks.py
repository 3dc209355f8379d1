"""pytest in forks of a process that imported the libraries once: a run begins seconds earlier.

As a program it takes libraries to import, reads lines of JSON, each the arguments of pytest, and
answers with exit codes. Nothing of the project is imported before a fork.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

# Not duckdb, onnxruntime and pyarrow: importing them starts threads, and a fork has none of those.
LIBRARIES = (
    "apprise",
    "hypothesis",
    "plotly.graph_objects",
    "pytest",
    "scipy.stats",
    "starlette.applications",
    "streamlit.testing.v1",
    "torchvision",
    "uvicorn",
)
HUNG = -1  # in the place of an exit code


class Forks:
    """Runs pytest in `folder`, each time in a new process that has `libraries` already."""

    def __init__(self, folder: Path, libraries: Sequence[str] = LIBRARIES) -> None:
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), *libraries],
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments: Sequence[str], time_limit: int) -> tuple[int, str]:
        """pytest's exit code, `HUNG` after `time_limit` seconds, and the end of what it printed."""
        assert self._server.stdin is not None and self._server.stdout is not None
        with tempfile.NamedTemporaryFile("r", prefix="pytest-") as printed:
            order = {"arguments": list(arguments), "limit": time_limit, "printed": printed.name}
            self._server.stdin.write(json.dumps(order) + "\n")
            self._server.stdin.flush()
            return int(self._server.stdout.readline()), printed.read()[-2000:]

    def close(self) -> None:
        """End the process that waits."""
        self._server.communicate()


def serve(libraries: Sequence[str]) -> None:
    """Import them, then answer every line of standard input."""
    for library in libraries:
        import_module(library)
    for line in sys.stdin:
        print(_fork(**json.loads(line)), flush=True)


def _fork(arguments: list[str], limit: int, printed: str) -> int:
    child = os.fork()
    if child == 0:
        _run(arguments, limit, printed)
    _, status = os.waitpid(child, 0)
    return HUNG if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)


def _run(arguments: list[str], limit: int, printed: str) -> None:
    import pytest

    signal.alarm(limit)  # its default action ends the process
    with Path(printed).open("w") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    code = pytest.main(arguments)
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.path.remove(str(Path(__file__).resolve().parent))
    serve(sys.argv[1:])
