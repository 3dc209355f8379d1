"""The evaluation of AWS's blog post, written anew from its description, and ours beside it.

It counts the predicted classes of every captured request and compares the largest share with a
threshold; requests that cannot be read are counted apart. It knows nothing of ours: it reads the
capture files as they lie there. How it words its completeness check is not documented, so that is
compared by its type, its number and its share.

An empty log has no violation, and the blog says that the job completed with none. Ours finds no
violation either, and says in its status that nothing was evaluated: there a silent pass would be
worse than a different word. So of an empty log violations and share are compared, and not the
message; `Compared.message` is None.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.capture_files.exporter import export_frames
from core.capture_files.importer import Importer
from core.capture_files.tree import import_tree
from core.capture_files.writing import write_tree
from core.monitor.execution import evaluate
from core.sagemaker import RequestLimits, constraint_violations
from core.store import CaptureFilesTable, CaptureLog
from core.types import Trigger, Window
from tests.capture_lines import predicted, write_lines

THRESHOLD = 0.5
PATH = "blog/AllTraffic/2022/02/14/17/25-49-001-uuid.jsonl"
HOUR = datetime(2022, 2, 14, 17, tzinfo=UTC)
WINDOW = Window(HOUR, HOUR + timedelta(hours=1), "blog")
BROKEN = (
    b"{", b"\xff", json.dumps({"captureData": {"endpointOutput": None}}).encode(),
    json.dumps(predicted(9_000, 0) | {"captureData": {"endpointOutput": {
        "mode": "OUTPUT", "data": "[[]]", "encoding": "JSON",
    }}}).encode(),
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A log: class -> predictions, and how many lines cannot be read."""

    name: str
    counts: dict[int, int]
    broken: int = 0


CASES = (
    Case("clean", {class_id: 10 for class_id in range(43)}),
    Case("attacked", {14: 322, **dict.fromkeys(range(1, 14), 6)}),
    Case("half, and no more", {14: 200, 1: 120, 2: 80}),
    Case("a little over half", {14: 201, 1: 120, 2: 79}),
    Case("empty", {}),
    Case("clean, partly unreadable", {class_id: 10 for class_id in range(43)}, 4),
    Case("attacked, partly unreadable", {14: 322, 1: 78}, 3),
    Case("nothing readable", {}, 2),
)


@dataclass(frozen=True)
class Compared:
    """Of one evaluation: the largest class's share; (feature, type, what it says) by violation; the
    message, None where nothing was evaluated. A completeness check says (number, share).
    """

    share: float | None
    violations: tuple[tuple[str, str, object], ...]
    message: object


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
                counts.update([int(each[0]) for each in json.loads(output)] or [_none()])
            except (ValueError, KeyError, TypeError, IndexError):
                unreadable += 1
    records = counts.total() + unreadable
    violations, share = [], None
    if counts:
        class_id, largest = counts.most_common(1)[0]
        share = largest / counts.total()
        if share > THRESHOLD:
            violations.append((
                "PredictedClass", "baseline_drift_check",
                f"Class {class_id} predicted {share * 100:.2f}% of the time: "
                f"Exceeded {THRESHOLD * 100:.2f}% threshold",
            ))  # fmt: skip
    if unreadable:
        said = (unreadable, f"{unreadable / records * 100:.2f}%")
        violations.append(("PredictedClass", "completeness_check", said))
    return _compared(share, violations, evaluated=records > 0)


def ours(root: Path, folder: Path) -> tuple[Compared, Path]:
    """What the SageMaker-compatible rules say of the same files, imported; and an export of them."""
    log = CaptureLog(folder / "log.duckdb")
    table = CaptureFilesTable(log.database)
    root.mkdir(exist_ok=True)
    import_tree(root, Importer(table, RequestLimits()), lambda *_: None)
    done = evaluate(
        WINDOW, log.window_figures(WINDOW, low_confidence=0.6), threshold=THRESHOLD,
        trigger=Trigger.MANUAL, started_at=HOUR,
    )  # fmt: skip
    out = folder / "out"
    write_tree(out, export_frames(table, log.images, WINDOW), lambda *_: None)
    log.close()
    found = [
        (each["feature_name"], each["constraint_check_type"], _said(each))
        for each in constraint_violations(done.violations)["violations"]
    ]
    compared = _compared(done.outcomes[0].figure, found, evaluated=done.figures.total > 0)
    told = done.message
    if compared.violations and compared.violations[0][1] == "completeness_check":
        told = told.partition(": ")[0], _said({"description": told.partition(": ")[2]} | {
            "constraint_check_type": "completeness_check"})  # fmt: skip
    return Compared(
        compared.share, compared.violations, told if compared.message is not None else None
    ), out


def _compared(
    share: float | None, violations: Iterable[tuple[str, str, object]], *, evaluated: bool
) -> Compared:
    found = tuple(violations)
    message: object = "Completed: Job completed successfully with no violations."
    if found:
        first = found[0][2]
        message = (
            f"CompletedWithViolations: {first}" if isinstance(first, str)
            else ("CompletedWithViolations", first)
        )  # fmt: skip
    return Compared(share, found, message if evaluated else None)


def _said(violation: dict[str, str]) -> object:
    """The description; of a completeness check its number and share."""
    text = violation["description"]
    if violation["constraint_check_type"] != "completeness_check":
        return text
    number, share = re.findall(r"^(\d+) .*?([\d.]+%)", text)[0]
    return int(number), share


def _none() -> int:
    raise ValueError("no class in the output")
