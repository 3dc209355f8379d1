"""How well the shipped classifier reads real and drawn signs."""

from __future__ import annotations

from core.model.accuracy import evaluate
from tests.benchmarks.rows import Row, Rows, drawn, held_out, model


def rows() -> Rows:
    """Accuracy, macro F1 and calibration error on held-out tracks; accuracy on drawn signs."""
    real = evaluate(model(), held_out(), fold="held-out")
    yield Row("accuracy, held-out tracks", real.accuracy, 0.992, True)
    yield Row("macro F1, held-out tracks", real.macro_f1, 0.98, True)
    yield Row("expected calibration error, held-out tracks", real.ece, 0.01, False)
    yield Row("accuracy, drawn samples", evaluate(model(), drawn(), fold="all").accuracy, 0.9, True)
