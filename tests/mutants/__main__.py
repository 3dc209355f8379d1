"""`make mutants`: each mutant against its tests, in parallel; goes on where it was interrupted.

Prints what was noticed and what survived; exit code 1 if less than `GOAL` was noticed or a survivor
has no answer. `make mutants ONLY=attacks` takes one list, `ONLY=core/attacks/pgd.py` those of one
file.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.mutants.mutant import LISTS, ROOT, Mutant, read, read_all
from tests.mutants.trial import Copies, Copy, Outcome, Results, key

GOAL = 0.92
RESULTS = ROOT / "test-results" / "mutants.json"


def chosen(names: list[str]) -> list[Mutant]:
    """The mutants of the lists and files named, or all."""
    if not names:
        return read_all()
    listed = {path.stem: path for path in LISTS.glob("*.toml")}
    found: list[Mutant] = []
    for name in names:
        taken = [*(read(listed[name]) if name in listed else _of_file(name))]
        if not taken:
            raise SystemExit(f"{name} is neither a list ({', '.join(listed)}) nor a file of them")
        found += taken
    return found


def _of_file(file: str) -> list[Mutant]:
    return [mutant for mutant in read_all() if mutant.file == file]


def try_all(mutants: list[Mutant], results: Results) -> None:
    """Try the mutants that have no outcome yet; raises `NothingLearned`."""
    left = [mutant for mutant in mutants if key(mutant) not in results.known]
    if not left:
        return
    count = min(os.cpu_count() or 1, len(left))
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        copies = Copies(Path(name), count)
        for number, (mutant, outcome) in enumerate(copies.each(Copy.outcome, left), 1):
            results.keep(key(mutant), outcome)
            print(f"{number}/{len(left)} {outcome:8} {mutant.file}: {mutant.name}", flush=True)


def report(mutants: list[Mutant], results: Results) -> int:
    """Print what survived and why, and the share that was noticed: the exit code."""
    survivors = [m for m in mutants if results.known[key(m)] == Outcome.SURVIVED]
    noticed = len(mutants) - len(survivors)
    share = noticed / len(mutants)
    for mutant in survivors:
        print(f"survived  {mutant.file}: {mutant.name}: {mutant.harmless or 'NO ANSWER'}")
    verdict = "holds" if share >= GOAL else "short"
    print(f"noticed {noticed} of {len(mutants)}: {share:.3f}  >= {GOAL}  {verdict}")
    return int(share < GOAL or any(not mutant.harmless for mutant in survivors))


def main(names: list[str]) -> int:
    """Try what was chosen, report all of it."""
    mutants, results = chosen(names), Results(RESULTS)
    try_all(mutants, results)
    return report(mutants, results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
