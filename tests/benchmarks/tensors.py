"""FullGrad from recorded tensors beside the live one, and what a record takes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from core.explain.run import explain_images
from core.records.tensors import DEFAULT_REGEX, ModeKeys
from core.records.window import now
from core.store import CaptureLog, TensorsTable
from core.tensors.fullgrad import explain_record, largest_difference
from core.tensors.hooks import Hook
from tests.benchmarks.rows import Row, Rows, held_out, model

COUNT = 32


def rows() -> Rows:
    """The worst of 32 images, each recorded, stored, read back and explained from that alone."""
    hook = Hook(model(), DEFAULT_REGEX)
    worst, largest = 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        log = CaptureLog(Path(folder) / "log.duckdb")
        table = TensorsTable(log.database)
        for number, image in enumerate(held_out().sample(COUNT, seed=0).images):
            record = table.add(
                hook.record(image),
                capture_id=f"00000000-0000-0000-0000-{number:012d}",
                captured_at=now(),
                recorded_at=now(),
                mode=ModeKeys.PREDICT,
                why="measured",
                model_sha256=model().manifest.sha256,
                keep=COUNT,
            )
            recorded = explain_record(record.passed, table.values(record.step))
            (live,) = explain_images(model(), [image], [record.passed.class_id])
            worst = max(worst, largest_difference(recorded, live))
            largest = max(largest, record.size)
        log.close()
    yield Row("map from the record, largest difference of its range", worst, 1e-5, False)
    yield Row("largest record of 32, MB in the log", largest / 1e6, 5, False)
