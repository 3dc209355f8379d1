"""Evidently's data drift report, run in an environment of its own.

    python -m tests.benchmarks.peers.evidently_drift IN.npz OUT.npz MODEL

IN: columns of the current data (`current_NAME`) and of the reference (`reference_NAME`); NAME is
one of COLUMNS. OUT: `seconds`, one a repeat, from DataFrames in memory to the finished report;
`drifted`: how many columns it calls drifted.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")

from evidently import DataDefinition, Dataset, Report  # noqa: E402
from evidently.presets import DataDriftPreset  # noqa: E402

CATEGORICAL = ["class_id", "flagged"]
NUMERICAL = ["confidence", "p_value"]
COLUMNS = [*CATEGORICAL, *NUMERICAL]
REPEATS = 3


def report(current: pd.DataFrame, reference: pd.DataFrame) -> dict[str, object]:
    """The report, with each column compared by the method that Evidently chooses for it."""
    definition = DataDefinition(
        categorical_columns=[name for name in CATEGORICAL if name in current],
        numerical_columns=[name for name in NUMERICAL if name in current],
    )
    data = [Dataset.from_pandas(each, data_definition=definition) for each in (current, reference)]
    done: dict[str, object] = Report([DataDriftPreset()]).run(data[0], data[1]).dict()
    return done


def main(source: str, out: str) -> None:
    """Measure, after one report over little that loads what is loaded at first use."""
    with np.load(source) as found:
        current, reference = (
            pd.DataFrame(
                {name: found[f"{side}_{name}"] for name in COLUMNS if f"{side}_{name}" in found}
            )
            for side in ("current", "reference")
        )
    report(current[:2_000], reference[:2_000])
    seconds = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        done = report(current, reference)
        seconds.append(time.perf_counter() - begun)
    drifted = done["metrics"][0]["value"]["count"]  # type: ignore[index]
    np.savez(out, seconds=np.array(seconds), drifted=np.array([drifted]))


if __name__ == "__main__":
    main(*sys.argv[1:3])
