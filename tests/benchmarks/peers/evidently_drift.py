"""Evidently's data drift report, run in an environment of its own.

    python -m tests.benchmarks.peers.evidently_drift IN.npz

IN: columns of the current data (`current_NAME`) and of the reference (`reference_NAME`); NAME is
one of COLUMNS. Each line of standard input names columns; for each, one report on these columns is
made, and its seconds are printed, from DataFrames in memory to the finished report.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pandas as pd

from tests.benchmarks.rounds import seconds

warnings.simplefilter("ignore")

from evidently import DataDefinition, Dataset, Report  # noqa: E402
from evidently.presets import DataDriftPreset  # noqa: E402

CATEGORICAL = ["class_id", "flagged"]
NUMERICAL = ["confidence"]
COLUMNS = [*CATEGORICAL, *NUMERICAL]


def report(current: pd.DataFrame, reference: pd.DataFrame) -> dict[str, object]:
    """The report, with each column compared by the method that Evidently chooses for it."""
    definition = DataDefinition(
        categorical_columns=[name for name in CATEGORICAL if name in current],
        numerical_columns=[name for name in NUMERICAL if name in current],
    )
    data = [Dataset.from_pandas(each, data_definition=definition) for each in (current, reference)]
    done: dict[str, object] = Report([DataDriftPreset()]).run(data[0], data[1]).dict()
    return done


def main(source: str) -> None:
    """Answer every line; whatever else is printed goes elsewhere."""
    answers, sys.stdout = sys.stdout, sys.stderr
    with np.load(source) as found:
        current, reference = (
            pd.DataFrame({name: found[f"{side}_{name}"] for name in COLUMNS})
            for side in ("current", "reference")
        )
    for line in sys.stdin:
        names = line.split()
        sides = current[names], reference[names]
        print(seconds(lambda sides=sides: report(*sides)), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
