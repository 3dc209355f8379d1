"""What a log exports -> a folder of capture files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.capture.files.exporter import Frame
from core.capture.files.paths import SUFFIX, parse_path
from core.errors import BadInput
from core.jobs import Progress


@dataclass
class ExportReport:
    """What was written. ground_truth: lines of it, counted apart from `lines`."""

    files: int = 0
    lines: int = 0
    ground_truth: int = 0


def write_tree(out: Path, frames: Iterable[Frame], progress: Progress) -> ExportReport:
    """Write what a log exports; BadInput if `out` holds capture files already."""
    check_empty(out)
    report = ExportReport()
    written: set[str] = set()
    done = 0
    for frame in frames:
        parse_path(frame.path)
        path = out / frame.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab" if frame.path in written else "xb") as stream:
            stream.write(frame.content)
        written.add(frame.path)
        lines = frame.content.count(b"\n")
        report.ground_truth += 0 if frame.captures else lines
        report.lines += lines if frame.captures else 0
        done += frame.captures
        progress(done, frame.total, f"{len(written):,} files")
    report.files = len(written)
    return report


def check_empty(out: Path) -> None:
    """BadInput if there are capture files under `out`: nothing is written over or mixed in."""
    there = next(out.rglob(f"*{SUFFIX}"), None) if out.exists() else None
    if there is not None:
        raise BadInput(
            f"expected a folder without capture files, got {out} with "
            f"{there.relative_to(out).as_posix()}; choose another one"
        )
