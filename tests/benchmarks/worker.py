"""Runs a module of `tests.benchmarks.peers` under an interpreter that has the peers."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.settings import ROOT, Settings

PEERS = ROOT / ".venv-peers" / "bin" / "python"
EVIDENTLY = ROOT / ".venv-evidently" / "bin" / "python"


def run_peers(
    module: str, *sections: str, threads: int | None = None, **arrays: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    """What the module writes for these arrays; it is called with IN.npz OUT.npz MODEL SECTION.

    threads: that it computes with, all cores if none are given.
    """
    environment = {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(source, **arrays)
        command = [*_command(PEERS, module), source, out, Settings().model, *sections]
        subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=True)
        with np.load(out) as found:
            return dict(found)


@contextmanager
def waiting_evidently(module: str, **arrays: NDArray[Any]) -> Iterator[Callable[[str], float]]:
    """The module, started once with IN.npz: for each line that it is sent, the seconds it prints.

    So that its rounds and ours take turns, though it lives in another process.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.npz"
        np.savez(source, **arrays)
        with subprocess.Popen(
            [*_command(EVIDENTLY, module), source],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            asked, answers = process.stdin, process.stdout
            assert asked is not None
            assert answers is not None

            def ask(line: str) -> float:
                print(line, file=asked, flush=True)
                answer = answers.readline()
                if not answer:
                    raise RuntimeError(f"{module} ended with {process.wait()}")
                return float(answer)

            yield ask


def _command(python: Path, module: str) -> list[Any]:
    if not python.is_file():
        raise FileNotFoundError(f"expected {python}; `make bench` makes it")
    return [python, "-m", f"tests.benchmarks.peers.{module}"]
