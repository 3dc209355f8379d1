"""The evaluation of AWS's blog post, written anew from its description, and ours beside it.

It counts the predicted classes of every captured request and compares the largest share with a
threshold; requests that cannot be read are counted apart. It knows nothing of ours: it reads the
capture files as they lie there. How it words its completeness check is not documented, so that is
compared by its type, its number and its share.

An empty log has no violation, and the blog says that the job completed with none. Ours finds no
violation either, and says in its status that nothing was evaluated: there a silent pass would be
worse than a different word. So of an empty log violations and share are compared, and not the
message; `Compared.message` is None.

Each captured request holds one image, as the blog's do.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.capture.files.exporter import export_frames
from core.capture.files.importer import Importer
from core.capture.files.tree import import_tree
from core.capture.files.writing import write_tree
from core.invocations import RequestLimits
from core.monitoring.evaluate import evaluate
from core.records.monitoring import Trigger
from core.records.window import Window
from core.store import CaptureFilesTable, CaptureLog
from tests.support.capture_lines import predicted, write_lines

THRESHOLD = 0.5
PATH = "blog/AllTraffic/2022/02/14/17/25-49-001-uuid.jsonl"
HOUR = datetime(2022, 2, 14, 17, tzinfo=UTC)
WINDOW = Window(HOUR, HOUR + timedelta(hours=1), "blog")
BROKEN = (
    b"{",
    b"\xff",
    json.dumps({"captureData": {"endpointOutput": None}}).encode(),
    json.dumps(
        predicted(9_000, 0)
        | {
            "captureData": {
                "endpointOutput": {
                    "mode": "OUTPUT",
                    "data": "[[]]",
                    "encoding": "JSON",
                }
            }
        }
    ).encode(),
)


@dataclass(frozen=True)
class Case:
    """A log: class -> predictions, and how many lines cannot be read."""

    name: str
    counts: dict[int, int]
    broken: int = 0


CASES = (
    Case("clean", dict.fromkeys(range(43), 10)),
    Case("attacked", {14: 322, **dict.fromkeys(range(1, 14), 6)}),
    Case("half, and no more", {14: 200, 1: 120, 2: 80}),
    Case("a little over half", {14: 201, 1: 120, 2: 79}),
    Case("empty", {}),
    Case("clean, partly unreadable", dict.fromkeys(range(43), 10), 4),
    Case("attacked, partly unreadable", {14: 322, 1: 78}, 3),
    Case("nothing readable", {}, 2),
)


@dataclass(frozen=True)
class Compared:
    """Of one evaluation.

    share: the largest class's; violations: (feature, type, words) of each; message: the state and
    words, None where nothing was evaluated. The words are the description, or of a completeness
    check its number and share.
    """

    share: float | None
    violations: tuple[tuple[str, str, object], ...]
    message: tuple[str, object] | None


def write_case(root: Path, case: Case) -> None:
    """The capture file of a log, its broken lines spread among the others."""
    classes = [class_id for class_id, n in case.counts.items() for _ in range(n)]
    lines: list[Any] = [predicted(number, class_id) for number, class_id in enumerate(classes)]
    for number in range(case.broken):
        lines.insert(number * 7, BROKEN[number])
    if lines:
        write_lines(root, PATH, lines)


def blog(root: Path) -> Compared:
    """What the blog's evaluation says of a tree of capture files."""
    counts, unreadable = Counter[int](), 0
    for path in sorted(root.rglob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            try:
                output = json.loads(line)["captureData"]["endpointOutput"]["data"]
                counts[int(json.loads(output)[0][0])] += 1
            except (ValueError, KeyError, TypeError, IndexError):
                unreadable += 1
    violations: list[tuple[str, str, object]] = []
    share = None
    if counts:
        class_id, largest = counts.most_common(1)[0]
        share = largest / counts.total()
        if share > THRESHOLD:
            violations.append(
                (
                    "PredictedClass",
                    "baseline_drift_check",
                    f"Class {class_id} predicted {share * 100:.2f}% of the time: "
                    f"Exceeded {THRESHOLD * 100:.2f}% threshold",
                )
            )
    records = counts.total() + unreadable
    if unreadable:
        words = unreadable, f"{unreadable / records * 100:.2f}%"
        violations.append(("PredictedClass", "completeness_check", words))
    message: tuple[str, object] = "Completed", "Job completed successfully with no violations."
    if violations:
        message = "CompletedWithViolations", violations[0][2]
    return Compared(share, tuple(violations), message if records else None)


def ours(root: Path, folder: Path) -> Compared:
    """The SageMaker-compatible rules on the same files, imported.

    What the log exports lies in `folder / "out"` afterwards; unreadable lines are not exported.
    """
    log = CaptureLog(folder / "log.duckdb")
    table = CaptureFilesTable(log.database)
    root.mkdir(exist_ok=True)
    import_tree(root, Importer(table, RequestLimits()), lambda *_: None)
    figures = log.window_figures(WINDOW, low_confidence=0.6)
    done = evaluate(WINDOW, figures, threshold=THRESHOLD, trigger=Trigger.MANUAL, started_at=HOUR)
    write_tree(folder / "out", export_frames(table, log.images, WINDOW), lambda *_: None)
    log.close()
    violations = tuple(
        (each["feature_name"], each["constraint_check_type"], _words(each))
        for each in done.constraint_violations()["violations"]
    )
    status, _, text = done.message.partition(": ")
    first = done.violations[0] if done.violations else None
    words = violations[0][2] if first and text == first.description else text
    return Compared(done.outcomes[0].figure, violations, (status, words) if figures.total else None)


def _words(violation: dict[str, str]) -> object:
    """The description; of a completeness check its number and share."""
    text = violation["description"]
    if violation["constraint_check_type"] != "completeness_check":
        return text
    ((number, share),) = re.findall(r"^(\d+) .*?([\d.]+%)", text)
    return int(number), share
