"""Where the files of a log lie: whether they are still there, and how much room is left.

A file that was deleted or replaced while it is open goes on taking writes that nobody finds again;
so does an empty folder in the place of one that was mounted there. So both are looked at before
each write.
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from core.errors import Unavailable

MARKER = ".signwatch"  # in the folder of a shared log: whose folder it is
MOST_RESERVED = 0.1  # share of a disk; a small one is not all reserve


@dataclass(frozen=True)
class Room:
    """Of the disk that the log grows on, in bytes. reserve: kept free, 0 for nothing."""

    folder: Path
    free: int
    reserve: int

    @staticmethod
    def of(folder: Path, reserve: int) -> Room:
        """As it is now; `reserve` counts up to a tenth of the disk."""
        disk = os.statvfs(folder)
        whole = disk.f_frsize * disk.f_blocks
        return Room(folder, disk.f_frsize * disk.f_bavail, min(reserve, int(whole * MOST_RESERVED)))

    def check(self) -> None:
        """Raise Unavailable if it is used up to the reserve."""
        if self.free < self.reserve:
            raise Unavailable(
                f"the disk of the capture log is full up to its reserve: {_mb(self.free)} are free "
                f"in {self.folder}, and {_mb(self.reserve)} are kept (SIGNWATCH_DISK_RESERVE)",
                "Free some space, or let old captures go (SIGNWATCH_RETENTION_DAYS). Requests are "
                "answered again as soon as there is room",
            )

    @property
    def low(self) -> str:
        """What to say while it runs out, from twice the reserve on; empty before."""
        if self.free >= 2 * self.reserve:
            return ""
        return (
            f"the disk of the capture log fills up: {_mb(self.free)} are free in {self.folder}, "
            f"and requests are refused below {_mb(self.reserve)} (SIGNWATCH_DISK_RESERVE)"
        )


def file_identity(path: Path) -> str | None:
    """The same for as long as that file lies there; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return f"{found.st_dev}:{found.st_ino}"


def folder_identity(folder: Path) -> str | None:
    """What the marker of a folder holds; None where there is none."""
    try:
        return (folder / MARKER).read_text()
    except OSError:
        return None


def mark(folder: Path) -> None:
    """Make the folder, and leave a marker in it; whole, or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    name = str(uuid.uuid4())
    written = folder / f"{MARKER}-{name}"
    written.write_text(name + "\n")
    written.rename(folder / MARKER)


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
