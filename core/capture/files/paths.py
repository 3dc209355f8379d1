"""Where capture files lie: `{endpoint}/{variant}/yyyy/mm/dd/hh/{file}.jsonl`.

Ground truth may have a tree of its own, `yyyy/mm/dd/hh/{file}.jsonl`, under at most one folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from core.errors import BadInput
from core.records.names import check_endpoint_name

LAYOUT = "{endpoint}/{variant}/yyyy/mm/dd/hh/{file}.jsonl"
SUFFIX = ".jsonl"
MAX_PATH = 1024
MAX_DEPTH = 16
FIRST_YEAR, LAST_YEAR = 1970, 2199
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HOUR = re.compile(r"([0-9]{4})/([0-9]{2})/([0-9]{2})/([0-9]{2})")


@dataclass(frozen=True)
class Place:
    """What a path says. endpoint, variant: None in a tree of ground truth; hour: aware, UTC."""

    endpoint: str | None
    variant: str | None
    hour: datetime


class Found(NamedTuple):
    """A file to import: its path inside the tree, with slashes, and its size in bytes."""

    path: str
    size: int


def parse_path(path: str) -> Place:
    """The place of a relative path; BadInput says what is wrong with it.

    Folders above endpoint and variant (a bucket's prefix) are allowed and left out.
    """
    _check(path)
    parts = path.split("/")
    if not path.endswith(SUFFIX) or len(parts) < 5 or len(parts) > MAX_DEPTH:
        raise BadInput(f"expected {LAYOUT}, got {path!r}")
    hour = _hour("/".join(parts[-5:-1]), path)
    above = parts[:-5]
    if len(above) < 2:
        return Place(None, None, hour)
    return Place(check_endpoint_name(above[-2]), check_endpoint_name(above[-1]), hour)


def folder(endpoint: str, variant: str, hour: datetime) -> str:
    """The folder of an hour of an endpoint's captures; BadInput for names that are no folder's."""
    names = check_endpoint_name(endpoint), check_endpoint_name(variant)
    return "/".join([*names, hour_folder(hour)])


def hour_folder(hour: datetime) -> str:
    """`yyyy/mm/dd/hh`."""
    return f"{hour:%Y/%m/%d/%H}"


def walk(root: Path) -> tuple[list[Found], list[str]]:
    """The capture files under `root` in order of their paths, and what is wrong with the others.

    Links out of `root` are not followed. Raises BadInput.
    """
    if not root.is_dir():
        raise BadInput(f"expected a folder with {LAYOUT}, got {root}")
    found: list[Found] = []
    problems: list[str] = []
    for file in sorted(_files(root, problems)):
        path = file.relative_to(root).as_posix()
        try:
            parse_path(path)
            _check_inside(file, root)
            found.append(Found(path, file.stat().st_size))
        except (BadInput, OSError) as error:
            problems.append(f"{path!r} was left out: {error}")
    return found, problems


def _files(root: Path, problems: list[str]) -> Iterator[Path]:
    """Every file, whatever its name; folders that are not entered become problems."""

    def leave_out(folder: str | Path, reason: object) -> None:
        path = Path(folder).relative_to(root).as_posix()
        problems.append(f"{path!r} was left out: {reason}")

    def unreadable(error: OSError) -> None:
        leave_out(error.filename, error)

    for above, folders, names in os.walk(root, onerror=unreadable):
        for each in (Path(above) / name for name in folders):
            if each.is_symlink():
                leave_out(each, "it is a link to a folder; copy the folder instead")
        yield from (Path(above) / name for name in names)


def _check_inside(file: Path, root: Path) -> None:
    if not file.resolve().is_relative_to(root.resolve()):
        raise BadInput("it is a link out of the folder; copy the file instead")
    if not file.is_file():
        raise BadInput("it is no regular file")


def _check(path: str) -> None:
    shown = repr(path[:200])
    if len(path) > MAX_PATH:
        raise BadInput(f"a path has at most {MAX_PATH} characters, got {len(path):,}: {shown}")
    if _UNPRINTABLE.search(path):
        raise BadInput(f"a path must not hold control characters or broken text, got {shown}")
    if path.startswith("/") or "\\" in path or {"", ".", ".."} & set(path.split("/")):
        raise BadInput(f"a path must be relative, without empty parts, . or .., got {shown}")


def _hour(text: str, path: str) -> datetime:
    match = _HOUR.fullmatch(text)
    try:
        if match and FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
            return datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[arg-type, misc]
    except ValueError:
        pass
    raise BadInput(f"expected {LAYOUT} with an hour of {FIRST_YEAR} to {LAST_YEAR}, got {path!r}")
