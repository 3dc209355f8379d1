"""Servers to measure: ours as `make run` starts it, and the peers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import httpx

from core.settings import ROOT

START_SECONDS = 120


class Server(NamedTuple):
    """A server that runs. group: its process and all that it started."""

    port: int
    group: int

    @contextmanager
    def alone(self) -> Iterator[int]:
        """The port of a server that otherwise stands still: even when idle, it would take time."""
        os.killpg(self.group, signal.SIGCONT)
        try:
            yield self.port
        finally:
            os.killpg(self.group, signal.SIGSTOP)


@contextmanager
def ours(folder: Path, **settings: str) -> Iterator[Server]:
    """The dashboard as `make run` starts it, over an empty log. settings: beside the defaults."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SIGNWATCH_")}
    command = ["streamlit", "run", "dashboard.py", "--server.port"]
    with _served(command, environment | {"SIGNWATCH_LOCAL": str(folder)} | settings) as server:
        yield server


@contextmanager
def peer(name: str, **settings: str) -> Iterator[Server]:
    """A module of `tests.benchmarks.peers`; RuntimeError if it does not answer."""
    with _served([f"tests.benchmarks.peers.{name}_server"], os.environ | settings) as server:
        yield server


@contextmanager
def _served(command: list[str], environment: dict[str, str]) -> Iterator[Server]:
    """`python -m COMMAND PORT`, until it answers /ping, and until the end of the block."""
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", *command, str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(command)} does not answer on port {port}")
            time.sleep(0.2)
        yield Server(port, process.pid)
    finally:
        with suppress(ProcessLookupError):  # it has ended already
            os.killpg(process.pid, signal.SIGTERM)
            os.killpg(process.pid, signal.SIGCONT)
        process.wait()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ping").status_code == 200
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port
