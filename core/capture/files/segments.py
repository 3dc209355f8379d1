"""Whole lines of capture files on their way into a log, here or in another process."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from core.capture.files.documents import parse_document
from core.errors import BadInput

MAX_LINE = 30_000_000  # bytes
MAX_HEADER = 100_000
MAX_CONTENT = 64_000_000


@dataclass(frozen=True)
class Segment:
    """Lines that follow each other in one file.

    offset: bytes before them; line: number of the first, from 1; sha256: of the file up to their
    end; skipped: bytes that were left out at the end of a line that is too long.
    """

    path: str
    offset: int
    line: int
    sha256: str
    content: bytes
    skipped: int = 0

    @property
    def end(self) -> int:
        """Bytes of the file that are done with it."""
        return self.offset + len(self.content) + self.skipped

    def to_frame(self) -> bytes:
        """The segment as it travels."""
        header = {name: value for name, value in vars(self).items() if name != "content"}
        return write_frame(header, self.content)

    @staticmethod
    def from_frame(header: dict[str, Any], content: bytes) -> Segment:
        """The segment that travelled; raises BadInput."""
        texts = [header.get(name) for name in ("path", "sha256")]
        numbers = [header.get(name) for name in ("offset", "line", "skipped")]
        if not all(isinstance(text, str) and text.isprintable() for text in texts) or not all(
            type(number) is int and 0 <= number < 2**62 for number in numbers
        ):
            raise BadInput(
                "expected a segment with path, sha256, offset, line and skipped, got "
                f"{str(header)[:200]}"
            )
        path, sha256 = texts
        offset, line, skipped = numbers
        return Segment(path, offset, line, sha256, content, skipped)  # type: ignore[arg-type]


def write_frame(header: dict[str, Any], content: bytes) -> bytes:
    """A line of JSON that says how many bytes of content follow it, and these."""
    return json.dumps(header | {"bytes": len(content)}).encode() + b"\n" + content


def read_frames(parts: Iterable[bytes]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """(header, content) of every frame in a stream of bytes; raises BadInput."""
    stream, buffer = iter(parts), bytearray()
    while True:
        while (end := buffer.find(b"\n")) < 0:
            if len(buffer) > MAX_HEADER:
                raise BadInput(f"expected a frame's header of at most {MAX_HEADER:,} bytes")
            if (part := next(stream, None)) is None:
                if buffer:
                    raise BadInput("the stream of frames breaks off in a header; start again")
                return
            buffer += part
        header = _header(bytes(buffer[:end]))
        end += 1 + header["bytes"]
        while len(buffer) < end:
            if (part := next(stream, None)) is None:
                raise BadInput("the stream of frames breaks off; start again")
            buffer += part
        yield header, bytes(buffer[end - header["bytes"] : end])
        del buffer[:end]


def _header(line: bytes) -> dict[str, Any]:
    try:
        header = parse_document(line.decode())
    except UnicodeDecodeError:
        header = None
    size = header.get("bytes") if isinstance(header, dict) else None
    if type(size) is not int or not 0 <= size <= MAX_CONTENT:
        raise BadInput(
            f'expected a frame, a line {{"bytes": 0..{MAX_CONTENT}, ...}} before its content, '
            f"got {line[:80]!r}"
        )
    return dict(header)
