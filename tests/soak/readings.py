"""What the server's processes hold: memory, descriptors, threads; and how large its log is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Reading:
    """memory: resident bytes; descriptors and threads of all processes; log: bytes of its files."""

    memory: int
    descriptors: int
    threads: int
    log: int


def read(group: int, folder: Path) -> Reading:
    """Of a process group, and of the log's files in `folder`. Linux alone tells (/proc)."""
    memory = descriptors = threads = 0
    for process in _members(group):
        with suppress(OSError):  # it has ended meanwhile
            status = dict(
                line.split(":", 1) for line in (process / "status").read_text().splitlines()
            )
            descriptors += sum(1 for _ in (process / "fd").iterdir())
            threads += int(status["Threads"])
            memory += int(status["VmRSS"].split()[0]) * 1024
    log = sum(file.stat().st_size for file in folder.glob("signwatch.duckdb*"))
    return Reading(memory, descriptors, threads, log)


def _members(group: int) -> Iterator[Path]:
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with suppress(OSError):
                if os.getpgid(int(process.name)) == group:
                    yield process
