"""PNG: size, frames and way up from its chunks; all that is not pixels is left out."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from core.images.header import Damaged, Header, Piece
from core.images.orientation import read_orientation

MAGIC = b"\x89PNG\r\n\x1a\n"
MOST_CHUNKS = 100_000
_CRITICAL = (b"IHDR", b"PLTE", b"tRNS")
_GREY, _PALETTE = 0, 3  # kinds of colour
_XMP = b"XML:com.adobe.xmp\0\0\0\0\0"


def inspect(data: bytes) -> Header:
    """The header of a PNG; raises Damaged."""
    kept: dict[bytes, bytes] = {}
    packed: list[memoryview] = []
    exif = xmp = b""
    frames = 1
    for name, content, intact in _chunks(data):
        if name == b"IDAT":
            packed.append(content)
        elif name in _CRITICAL and name not in kept and not packed:
            if name == b"IHDR" and len(content) != 13:
                raise Damaged("its header is cut off")
            if not intact:
                raise Damaged(f"the checksum of its {name.decode()} is wrong")
            kept[name] = bytes(content)
        elif name == b"acTL" and len(content) == 8 and not packed:
            frames = max(1, struct.unpack(">I", content[:4])[0])
        elif name == b"eXIf":
            exif = bytes(content)
        elif name == b"iTXt" and content[: len(_XMP)] == _XMP:
            xmp = bytes(content)
        if b"IHDR" not in kept:
            raise Damaged("it does not begin with an IHDR chunk")
    if not kept:
        raise Damaged("its header is cut off")
    if not packed:
        raise Damaged("it holds no pixels")
    width, height, depth, colour = struct.unpack(">IIBB", kept[b"IHDR"][:10])
    small = colour in (_GREY, _PALETTE)
    return Header(
        width,
        height,
        _rebuilt(kept, packed),
        per_pixel=(2 if depth == 16 else 1) if small else 4,
        work=width * height,
        orientation=read_orientation(exif, xmp),
        frames=frames,
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview, bool]]:
    """Name, content and whether the checksum is right; the last one may be cut off."""
    view = memoryview(data)
    position = len(MAGIC)
    for _ in range(MOST_CHUNKS):
        if position + 8 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, position)
        content = view[position + 8 : position + 8 + length]
        end = position + 8 + length
        checksum = view[end : end + 4]
        # That of pixels is left to what unpacks them.
        intact = name not in _CRITICAL or checksum == _checksum(name, content)
        yield name, content, intact
        if name == b"IEND":
            return
        position = end + 4
    raise Damaged(f"it has more than {MOST_CHUNKS:,} chunks")


def _rebuilt(kept: dict[bytes, bytes], packed: list[memoryview]) -> list[Piece]:
    pieces: list[Piece] = [MAGIC]
    for name in _CRITICAL:
        if name in kept:
            pieces += _chunk(name, [memoryview(kept[name])])
    return [*pieces, *_chunk(b"IDAT", packed), *_chunk(b"IEND", [])]


def _chunk(name: bytes, parts: list[memoryview]) -> list[Piece]:
    head = struct.pack(">I", sum(map(len, parts))) + name
    return [head, *parts, _checksum(name, *parts)]


def _checksum(name: bytes, *parts: memoryview) -> bytes:
    value = zlib.crc32(name)
    for part in parts:
        value = zlib.crc32(part, value)
    return struct.pack(">I", value)
