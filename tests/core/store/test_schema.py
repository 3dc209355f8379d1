"""The schema: a log of any earlier version is brought up to date."""

from pathlib import Path

import duckdb
import pytest

from core.store import CaptureLog
from core.store.schema import MIGRATIONS

COLUMNS = (
    "SELECT table_name, column_name, data_type FROM duckdb_columns() "
    "WHERE database_name = 'log' ORDER BY ALL"
)


def columns(path: Path) -> list[tuple[str, str, str]]:
    log = CaptureLog(path)
    found = log.database.rows(COLUMNS)
    log.close()
    return found


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_an_earlier_log_gets_what_it_lacks(tmp_path: Path, version: int) -> None:
    path = tmp_path / "earlier.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS log")
        connection.execute("CREATE TABLE log.migrations (version INTEGER)")
        for number, statements in enumerate(MIGRATIONS[:version], start=1):
            for statement in statements:
                connection.execute(statement.format(uncompressed=""))
            connection.execute("INSERT INTO log.migrations VALUES (?)", [number])
    assert columns(path) == columns(tmp_path / "new.duckdb")
    with duckdb.connect(str(path)) as connection:
        made = connection.execute("SELECT version FROM migrations ORDER BY version").fetchall()
    assert made == [(number,) for number in range(1, len(MIGRATIONS) + 1)]
