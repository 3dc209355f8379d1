"""A mutant: one small change to one file, and the tests that stand nearest to it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LISTS = Path(__file__).parent / "lists"


class DoesNotApply(Exception):
    """The code has moved on: the text to change is not there, or is there more than once."""


@dataclass(frozen=True)
class Mutant:
    """`old`, which stands once in `file`, becomes `new`; one of `tests` is to fail.

    `harmless` says why no test can or should notice it; without it a survivor is a hole.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    harmless: str = ""

    def applied(self, root: Path) -> str:
        """The changed text of the file."""
        text = (root / self.file).read_text()
        if (found := text.count(self.old)) != 1:
            raise DoesNotApply(f"{self.name}: {self.old!r} stands {found} times in {self.file}")
        return text.replace(self.old, self.new)


def mirrored(file: str) -> str:
    """`core/attacks/pgd.py` -> `tests/core/attacks/test_pgd.py`."""
    path = Path(file)
    return str("tests" / path.with_name(f"test_{path.name}"))


def read(path: Path) -> Iterator[Mutant]:
    """The mutants of one list; where no tests are named, those at the mirrored path are meant."""
    for entry in tomllib.loads(path.read_text())["mutant"]:
        tests = entry.pop("tests", None) or [mirrored(entry["file"])]
        yield Mutant(**entry, tests=tuple(tests))


def read_all() -> list[Mutant]:
    """Every mutant of every list."""
    return [mutant for path in sorted(LISTS.glob("*.toml")) for mutant in read(path)]
