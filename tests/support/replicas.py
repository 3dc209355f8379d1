"""Replicas of the real server on one shared log, behind nginx with the settings of the guide."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx

from core.settings import ROOT
from tests.support.compiled import share_compiled
from tests.support.images import noise, saved
from tests.support.waiting import LONGEST, until

GUIDE = ROOT / "docs/guides/shared-log.md"
NAMES = "abc"  # of the replicas, as in the guide
IMAGES = [saved(noise(32, 32, seed), "PNG") for seed in range(16)]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class Replica:
    """One `streamlit run dashboard.py`, on its own port, that can be ended and started again."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = folder / "output.txt"
        folder.mkdir()
        share_compiled(folder / "local")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SIGNWATCH_", "AWS_"))}
        own = {"SIGNWATCH_LOCAL": str(folder / "local"), "OMP_NUM_THREADS": "1"}
        self._environment = kept | own | settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; `ready` waits until it answers."""
        with self.output.open("a") as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "streamlit", "run", "dashboard.py"),
                    *("--server.port", str(self.port)),
                ],
                cwd=ROOT,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def ready(self) -> None:
        """Wait until it answers."""
        until(self._answers, f"a replica that answers; it printed into {self.output}")

    def end(self, by: signal.Signals) -> int:
        """Send it a signal, and wait until it has ended: its exit status."""
        assert self._process
        self._process.send_signal(by)
        return self._process.wait(LONGEST)

    def kill(self) -> None:
        """End it if it runs."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def assert_runs(self) -> None:
        """Nothing has ended it."""
        assert self._process
        assert self._process.poll() is None, f"it ended:\n{self.output.read_text()}"

    def _answers(self) -> bool:
        self.assert_runs()
        try:
            return httpx.get(f"{self.url}/ping").status_code == 200
        except httpx.HTTPError:
            return False


class Balancer:
    """nginx before the replicas. url: its address."""

    def __init__(self, folder: Path, replicas: list[Replica]) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        (block,) = re.findall(r"```nginx\n(.*?)```", GUIDE.read_text(), re.DOTALL)
        block = block.replace("listen 80;", f"listen 127.0.0.1:{port};")
        for name, replica in zip(NAMES, replicas, strict=True):
            block = block.replace(f"server {name}:8501;", f"server 127.0.0.1:{replica.port};")
        folder.mkdir()
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
        user = "user root;\n" if os.getuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"daemon off;\n{user}worker_processes 1;\npid {folder}/pid;\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{places}{block}}}\n"
        )
        self._folder = folder

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, and wait until it listens."""
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program
        log = str(self._folder / "error.log")
        process = subprocess.Popen([program, "-c", str(self._folder / "nginx.conf"), "-e", log])
        until(self._answers, f"an nginx that answers; it writes to {log}")
        return process

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/ping").status_code == 200
        except httpx.HTTPError:
            return False


class Senders:
    """Clients that send one request after another, each with an inference id, until the end.

    statuses: of the answers, by status; a connection that broke counts as 0. answered: the ids
    that were answered with 200.
    """

    CLIENTS = 4

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name
        self.statuses: Counter[int] = Counter()
        self.answered: set[str] = set()
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._threads = ExitStack()

    def __enter__(self) -> Senders:
        for number in range(self.CLIENTS):
            thread = threading.Thread(target=self._run, args=(number,))
            thread.start()
            self._threads.callback(thread.join)
        self._threads.callback(self._stop.set)
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.close()

    def wait_for(self, more: int) -> None:
        """Return as soon as so many more requests have been answered with 200."""
        with self._changed:
            wanted = len(self.answered) + more
            assert self._changed.wait_for(lambda: len(self.answered) >= wanted, LONGEST), (
                self.statuses
            )

    def _run(self, client: int) -> None:
        with httpx.Client(base_url=self._url, timeout=LONGEST) as http:
            number = 0
            while not self._stop.is_set():
                number += 1
                name = f"{self._name}-{client}-{number}"
                status = self._send(http, name, IMAGES[number % len(IMAGES)])
                with self._changed:
                    self.statuses[status] += 1
                    if status == 200:
                        self.answered.add(name)
                    self._changed.notify_all()

    @staticmethod
    def _send(http: httpx.Client, name: str, image: bytes) -> int:
        headers = {"Content-Type": "image/png", "X-Amzn-SageMaker-Inference-Id": name}
        try:
            return http.post("/invocations", content=image, headers=headers).status_code
        except httpx.HTTPError:
            return 0
