"""WebP: size, frames and way up from its chunks; all that is not pixels is left out."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from core.images.header import Damaged, Header, Piece
from core.images.orientation import read_orientation

_MOST_CHUNKS = 10_000
_PIXELS = (b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"VP8 ", b"VP8L")
_OF_METADATA = 0x2C  # flags of VP8X: a colour profile, EXIF, XMP
# Two canvases and a copy of RGBA, and a little more; a lossless one has a further copy.
_PER_PIXEL = 13
_SLOWER = 4  # than a PNG, and other threads stand still meanwhile


def is_webp(data: bytes) -> bool:
    """Whether a file begins as a WebP does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def inspect(data: bytes) -> Header:
    """The header of a WebP; raises Damaged."""
    chunks: dict[bytes, bytes] = {}
    pieces: list[Piece] = []
    frames = 0
    for name, length, content in _chunks(data):
        chunks.setdefault(name, bytes(content[:10]) if name in _PIXELS else bytes(content))
        if name not in _PIXELS:
            continue
        frames += name == b"ANMF"
        pieces.append(struct.pack("<4sI", name, length))
        if name == b"VP8X" and content:
            pieces += [bytes([content[0] & ~_OF_METADATA]), content[1:]]
        else:
            pieces.append(content)
        pieces.append(b"\0" * (length % 2))
    width, height = _size(chunks)
    whole = sum(map(len, pieces))
    return Header(
        width,
        height,
        [struct.pack("<4sI4s", b"RIFF", whole + 4, b"WEBP"), *pieces],
        per_pixel=_PER_PIXEL + 4 * (b"VP8L" in chunks),
        work=_SLOWER * width * height,
        orientation=read_orientation(chunks.get(b"EXIF", b""), chunks.get(b"XMP ", b"")),
        frames=max(1, frames),
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, memoryview]]:
    """Name, announced length and content; the last one may be cut off."""
    view, position = memoryview(data), 12
    end = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    for _ in range(_MOST_CHUNKS):
        if position + 8 > end:
            return
        name, length = struct.unpack_from("<4sI", data, position)
        yield name, length, view[position + 8 : min(end, position + 8 + length)]
        position += 8 + length + length % 2
    raise Damaged(f"it has more than {_MOST_CHUNKS:,} chunks")


def _size(chunks: dict[bytes, bytes]) -> tuple[int, int]:
    """Width and height: of the canvas where there is one, else of the one image."""
    try:
        if b"VP8X" in chunks:
            canvas = chunks[b"VP8X"]
            if len(canvas) < 10:
                raise Damaged("its header is cut off")
            width, height = canvas[4:7] + b"\0", canvas[7:10] + b"\0"
            return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
        if b"VP8L" in chunks:
            (bits,) = struct.unpack_from("<I", chunks[b"VP8L"], 1)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        width, height = struct.unpack_from("<HH", chunks[b"VP8 "], 6)
        return width & 0x3FFF, height & 0x3FFF
    except (KeyError, struct.error):
        raise Damaged("it holds no whole image") from None
