"""Processes that are killed at any moment, and what is lost or doubled by it."""

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

from core.capture.files.importer import Importer
from core.capture.files.tree import import_tree
from core.settings import ROOT
from core.store import BaselinesTable, CaptureFilesTable, CaptureLog
from core.store.look import check_readable
from tests.support.capture_lines import predicted, write_lines
from tests.support.killed import LIMITS, log_of

FILES, LINES = 4, 300


def prepare(folder: Path) -> None:
    """What the processes work on besides the log: capture files."""
    for number in range(FILES):
        path = f"cars/AllTraffic/2022/02/14/{number:02d}/a.jsonl"
        first = number * LINES
        lines = [predicted(first + k, k % 43) for k in range(LINES)]
        write_lines(folder / "tree" / str(number), path, lines)


def killed(act: str, folder: Path, times: int, *, conninfo: str = "", most: int = 25) -> list[str]:
    """Start an act and kill it, so many times; what it printed as durable.

    most: lines that are waited for before a kill.
    """
    chance, durable = random.Random(0), []
    for round in range(times):
        with subprocess.Popen(
            [sys.executable, "-m", "tests.support.killed", act, str(round), str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.write(conninfo)
            process.stdin.close()
            for _ in range(chance.randint(1, most)):
                line = process.stdout.readline()
                assert line, f"{act} ended in round {round}"
                durable.append(line.strip())
            process.kill()
            durable += process.stdout.read().split("\n")[:-1]  # whole lines
    return durable


def lost_and_doubled(
    act: str, folder: Path, durable: list[str], *, conninfo: str = ""
) -> tuple[int, int]:
    """Of what was durable, how much is not in the log; and how much is there more than once."""
    log = log_of(folder, conninfo)
    log.check_writable()
    check_readable(log.database)
    expected = Counter(set(durable))
    if act == "baseline":
        expected = Counter(durable)
        found = Counter(each.baseline_id for each in BaselinesTable(log.database).all())
        doubled = sum(found.values()) - len(found)
        chosen = log.database.rows("SELECT count(*) FROM log.baselines_in_force")[0][0]
        doubled += abs(chosen - len(found))  # each is in force, or is not there
    else:
        if act == "import":  # what is left is read, and nothing twice
            importer = Importer(CaptureFilesTable(log.database), LIMITS)
            for path in sorted((folder / "tree").iterdir()):
                import_tree(path, importer, lambda *_: None)
            expected = _lines()
        found = _events(log)
        doubled = sum(found.values()) - len(found)
    log.close()
    return len(expected.keys() - found.keys()), doubled


def _events(log: CaptureLog) -> Counter[str]:
    rows = log.database.rows("SELECT event_id FROM log.captures WHERE event_id <> 'old'")
    return Counter(name for (name,) in rows)


def _lines() -> Counter[str]:
    records = (predicted(number, 0) for number in range(FILES * LINES))
    return Counter(each["eventMetadata"]["eventId"] for each in records)
