"""One mutant against its tests, in a copy of the project; what came out is kept."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from tests.mutants.forks import HUNG, LIBRARIES, Forks
from tests.mutants.mutant import ROOT, Mutant

TIME_LIMIT = 600  # seconds: a mutant that hangs is noticed
OPTIONS = [
    *("-x", "-q", "--no-header"),
    "-Wignore:Module already imported:pytest.PytestAssertRewriteWarning",  # `Forks` imported it
]
PASSED, FAILED, NOT_COLLECTED = 0, 1, 2  # pytest's exit codes

T = TypeVar("T")
R = TypeVar("R")


class Outcome(StrEnum):
    """What became of a mutant."""

    NOTICED = "noticed"
    SURVIVED = "survived"


class NothingLearned(Exception):
    """The tests fail without any mutant, or do not run."""


class Results:
    """Outcomes by key, in a file, so that an interrupted run goes on where it was."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def keep(self, key: str, outcome: Outcome) -> None:
        """Note an outcome, at once."""
        self.known[key] = outcome
        self.path.parent.mkdir(parents=True, exist_ok=True)
        written = self.path.with_suffix(".part")
        written.write_text(json.dumps(self.known, indent=1))
        written.replace(self.path)


def key(mutant: Mutant) -> str:
    """Changes when the mutant, the file that it changes or its tests change."""
    parts = [mutant.old, mutant.new, (ROOT / mutant.file).read_text()]
    for test in mutant.tests:
        parts += [test, (ROOT / test.split("::")[0]).read_text()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


class Copy:
    """A copy of the project that mutants are applied to, one after the other."""

    def __init__(
        self,
        folder: Path,
        green: set[tuple[str, ...]],
        libraries: Sequence[str] = LIBRARIES,
    ) -> None:
        self.folder = folder
        self.green = green  # tests that pass while nothing is changed
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        for name in listed.stdout.split("\0"):
            if name and (ROOT / name).is_file():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)
        shared = ROOT.parent / "shared"
        if shared.is_dir():  # data that some tests read beside the project
            (folder.parent / "shared").symlink_to(shared)
        self.forks = Forks(folder, libraries)

    def close(self) -> None:
        """End the process that waits for the next run."""
        self.forks.close()

    def outcome(self, mutant: Mutant) -> Outcome:
        """Apply it, run its tests, take it back.

        Raises
        ------
        NothingLearned
            Where the tests do not run, or fail without the mutant too.
        """
        path = self.folder / mutant.file
        path.write_text(mutant.applied(ROOT))
        try:
            code, reported = self.run(mutant.tests)
        finally:
            shutil.copy2(ROOT / mutant.file, path)
        if code == PASSED:
            self.green.add(mutant.tests)
            return Outcome.SURVIVED
        if code not in (FAILED, NOT_COLLECTED, HUNG):
            raise NothingLearned(f"{mutant.name}: pytest ends with {code}\n{reported}")
        self.check(mutant.tests)
        return Outcome.NOTICED

    def check(self, tests: tuple[str, ...]) -> None:
        """The tests pass while nothing is changed; raises `NothingLearned`."""
        if tests not in self.green:
            code, reported = self.run(tests)
            if code != PASSED:
                raise NothingLearned(f"unchanged, {' '.join(tests)} ends with {code}\n{reported}")
            self.green.add(tests)

    def run(self, tests: tuple[str, ...]) -> tuple[int, str]:
        """pytest's exit code, or `HUNG`, and the end of what it printed."""
        return self.forks.run([*OPTIONS, *tests], TIME_LIMIT)


class Copies:
    """As many copies as work goes on side by side."""

    def __init__(self, folder: Path, count: int) -> None:
        self.pool = ThreadPoolExecutor(count)
        self.free: SimpleQueue[Copy] = SimpleQueue()
        green: set[tuple[str, ...]] = set()
        for number in range(count):
            self.free.put(Copy(folder / str(number) / "project", green))

    def each(self, work: Callable[[Copy, T], R], items: Iterable[T]) -> Iterator[tuple[T, R]]:
        """`work` on every item, each on a copy that is free; results as they come."""
        done = {self.pool.submit(self._one, work, item): item for item in items}
        try:
            for future in as_completed(done):
                yield done[future], future.result()
        finally:
            self.pool.shutdown(cancel_futures=True)
            while not self.free.empty():
                self.free.get().close()

    def _one(self, work: Callable[[Copy, T], R], item: T) -> R:
        copy = self.free.get()
        try:
            return work(copy, item)
        finally:
            self.free.put(copy)
