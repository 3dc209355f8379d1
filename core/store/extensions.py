"""DuckDB's extensions: from the packages in requirements.txt, or else from DuckDB's repository."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb


def load(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load extension `name`; without its package DuckDB downloads it, once for a machine."""
    packaged = _packaged(name)
    if packaged is None:
        connection.install_extension(name)
        connection.load_extension(name)
    else:
        connection.load_extension(str(packaged))


def _packaged(name: str) -> Path | None:
    """The extension's file in `duckdb_extension_{name}`, if it fits the DuckDB that runs."""
    package = find_spec(f"duckdb_extension_{name}")
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent / "extensions" / f"v{duckdb.__version__}"
    file = folder / f"{name}.duckdb_extension"
    return file if file.exists() else None
