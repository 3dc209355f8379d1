"""Runs a module of `tests.benchmarks.peers` under the peers' own interpreter."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.settings import ROOT, Settings

PYTHON = ROOT / ".venv-peers" / "bin" / "python"


def run_peers(module: str, *sections: str, **arrays: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """What the module writes for these arrays; it is called with IN.npz OUT.npz MODEL SECTION."""
    if not PYTHON.is_file():
        raise FileNotFoundError(f"expected {PYTHON}; `make bench` makes it")
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(source, **arrays)
        name = f"tests.benchmarks.peers.{module}"
        subprocess.run(
            [PYTHON, "-m", name, source, out, Settings().model, *sections], cwd=ROOT, check=True
        )
        with np.load(out) as found:
            return dict(found)
