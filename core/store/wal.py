"""The write-ahead log beside DuckDB's file: whether it breaks off, or is damaged.

Where an entry does not fit into the file, DuckDB takes it for one that a crash cut short, and drops
all that follows without a word. A crash leaves nothing whole behind such an entry. So whole commits
there mean that the length of an entry is damaged, and not its end missing.

The form of the file: a header, then entries of length and checksum, 8 bytes each, little-endian,
and content. Each commit ends with the same entry.
"""

from __future__ import annotations

from pathlib import Path

HEADER = bytes.fromhex("640062650002ffff")
END = bytes.fromhex("640064ffff")  # content of the entry that ends a commit
FRAME = 16  # bytes of length and checksum
NEARLY = 8  # bits that a damaged header differs by; one of another version differs by more


def path_of(database: Path) -> Path:
    """Of a database's file."""
    return database.with_name(database.name + ".wal")


def damaged_at(content: bytes) -> int | None:
    """Where an entry is damaged so that DuckDB would drop it and what follows; None where none is.

    Examples
    --------
    >>> entry = len(END).to_bytes(8, "little") + bytes(8) + END
    >>> damaged_at(HEADER + entry + entry[:-1])
    >>> damaged_at(HEADER + b"\\xff" + entry[1:] + entry)
    8
    """
    if not content.startswith(HEADER):
        differ = int.from_bytes(content[:8]) ^ int.from_bytes(HEADER)
        nearly = len(content) >= len(HEADER) and differ.bit_count() <= NEARLY
        return 0 if nearly and END in content else None
    place = len(HEADER)
    while place + FRAME <= len(content):
        following = place + FRAME + int.from_bytes(content[place : place + 8], "little")
        if following > len(content):
            return place if END in content[place + FRAME :] else None
        place = following
    return None
