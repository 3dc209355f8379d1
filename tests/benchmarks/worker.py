"""Runs a module of `tests.benchmarks.peers` under an interpreter that has the peers."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.settings import ROOT, Settings

PEERS = ROOT / ".venv-peers" / "bin" / "python"
EVIDENTLY = ROOT / ".venv-evidently" / "bin" / "python"


def run_peers(
    module: str, *sections: str, python: Path = PEERS, **arrays: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    """What the module writes for these arrays; it is called with IN.npz OUT.npz MODEL SECTION."""
    if not python.is_file():
        raise FileNotFoundError(f"expected {python}; `make bench` makes it")
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(source, **arrays)
        name = f"tests.benchmarks.peers.{module}"
        subprocess.run(
            [python, "-m", name, source, out, Settings().model, *sections], cwd=ROOT, check=True
        )
        with np.load(out) as found:
            return dict(found)
