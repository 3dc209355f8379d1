"""JPEG: size, scans and way up from its segments; all that is not pixels is left out."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from core.images.header import Damaged, Header, Piece
from core.images.orientation import EXIF_PREFIX, read_orientation

MAGIC = b"\xff\xd8\xff"
# A marker is 0xFF before anything but 0; within pixels, D0 to D7 restart the decoder.
_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
_SOI, _EOI, _SOS, _APP0, _APP1, _ADOBE, _TEM = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xEE, 0x01
_TABLES = {0xC4, 0xCC, 0xDB, 0xDD}  # Huffman, arithmetic, quantisation, restart interval
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MOST_SEGMENTS = 10_000
_PIECE = 1 << 16


class _Frame(NamedTuple):
    """What the frame header says. share: coefficients a pixel."""

    width: int
    height: int
    components: int
    progressive: bool
    share: float


def inspect(data: bytes) -> Header:
    """The header of a JPEG, of the first image if there are several; raises Damaged."""
    kept: list[Piece] = [data[:2]]
    frame: _Frame | None = None
    exif = xmp = b""
    scans = first_scan = 0
    end, position = len(data), 2
    for _ in range(_MOST_SEGMENTS):
        found = _marker_end(data, position)
        if found is None:
            break
        position, code = found, data[found - 1]
        if code == _EOI:
            end = position
            break
        if code in (_SOI, _TEM):
            continue
        content = _segment(data, position)
        position += 2 + len(content)
        if code == _SOS:
            scans, first_scan = scans + 1, first_scan or found - 2
        elif code in _FRAMES and frame is None:
            frame = _frame(code, content)
        elif code == _APP1 and content.startswith(EXIF_PREFIX):
            exif = exif or content
        elif code == _APP1 and content.startswith(_XMP):
            xmp = xmp or content
        if not scans and _is_kept(code, content):
            kept.append(struct.pack(">BBH", 0xFF, code, len(content) + 2) + content)
    else:
        raise Damaged(f"it has more than {_MOST_SEGMENTS:,} segments")
    if frame is None or not scans:
        raise Damaged("it ends before its pixels")
    in_passes = frame.progressive or scans > 1
    pixels = frame.width * frame.height
    return Header(
        frame.width,
        frame.height,
        [*kept, memoryview(data)[first_scan:end]],
        per_pixel=1 if frame.components == 1 else 4,
        # All coefficients stay until the last scan, 16 bits each.
        beside=round(2 * frame.share * pixels) if in_passes else 0,
        work=pixels * scans,
        orientation=read_orientation(exif, xmp),
        scans=scans,
        halves=True,
    )


def _marker_end(data: bytes, position: int) -> int | None:
    """Where the next marker ends; looked for piece by piece, as other threads wait for each."""
    while position < len(data):
        end = position + _PIECE
        if found := _MARKER.search(data, position, end):
            return found.end()
        position = end - 1  # it may begin with the last byte
    return None


def _segment(data: bytes, position: int) -> bytes:
    length = int.from_bytes(data[position : position + 2])
    if length < 2 or position + length > len(data):
        raise Damaged("a segment is cut off")
    return data[position + 2 : position + length]


def _frame(code: int, content: bytes) -> _Frame:
    if len(content) < 6 or len(content) < 6 + 3 * content[5] or not content[5]:
        raise Damaged("its frame header is cut off")
    height, width, components = struct.unpack(">HHB", content[1:6])
    sampled = [divmod(content[7 + 3 * n], 16) for n in range(components)]
    widest, highest = max(across for across, _ in sampled), max(down for _, down in sampled)
    if not widest or not highest:
        raise Damaged("its frame header is damaged")
    share = sum(across * down for across, down in sampled) / (widest * highest)
    return _Frame(width, height, components, code in _PROGRESSIVE, share)


def _is_kept(code: int, content: bytes) -> bool:
    """Whether a segment is of use for the pixels: tables, and what tells the kind of colour."""
    if code == _APP0:
        return content.startswith(b"JFIF\0") and len(content) >= 14
    if code == _ADOBE:
        return content.startswith(b"Adobe") and len(content) >= 12
    return code in _TABLES or code in _FRAMES
