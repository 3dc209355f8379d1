"""DuckDB's write-ahead log: where it breaks off, and where it is damaged."""

from pathlib import Path

import duckdb
import pytest

from core.store.wal import END, HEADER, damaged_at, path_of


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A WAL of three commits, as this DuckDB writes it."""
    path = tmp_path_factory.mktemp("wal") / "a.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE a (b INTEGER)")
        for number in range(2):
            connection.execute("INSERT INTO a VALUES (?)", [number])
        return path_of(path).read_bytes()


def test_it_has_the_form_that_is_known(content: bytes) -> None:
    assert content.startswith(HEADER)
    assert content.endswith(END)
    assert content.count(END) == 3
    assert damaged_at(content) is None
    assert damaged_at(b"") is None


def test_where_it_breaks_off_nothing_is_damaged(content: bytes) -> None:
    assert {damaged_at(content[:size]) for size in range(len(content))} == {None}


def test_a_damaged_length_is_found_wherever_it_is(content: bytes) -> None:
    """As long as a whole commit follows; its own end does."""
    place = len(HEADER)
    while place < len(content):
        size = int.from_bytes(content[place : place + 8], "little")
        for byte in range(8):
            broken = bytearray(content)
            broken[place + byte] ^= 0x80
            assert damaged_at(bytes(broken)) is not None
        place += 16 + size


def test_a_damaged_header_is_found_and_another_versions_is_none(content: bytes) -> None:
    for byte in range(len(HEADER)):
        broken = bytearray(content)
        broken[byte] ^= 0x01
        assert damaged_at(bytes(broken)) == 0
    assert damaged_at(bytes(8) + content[8:]) is None


def test_it_lies_beside_its_file() -> None:
    assert path_of(Path("/a/log.duckdb")) == Path("/a/log.duckdb.wal")
