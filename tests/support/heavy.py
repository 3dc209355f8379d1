"""Bodies that are small and within every limit, and take as much as one may."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from core.images import ImageLimits
from core.images.png import MAGIC

LIMITS = ImageLimits()
WIDE, HIGH = 8000, 5000  # LIMITS.max_pixels in all


def flat_png(width: int, height: int, *, channels: int, filtered: int = 4) -> bytes:
    """A black PNG of 8 bits. filtered: the way of each row; 4 takes longest to undo."""
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    packer = zlib.compressobj(1)
    row = bytes([filtered]) + bytes(width * channels)
    packed = b"".join([packer.compress(row) for _ in range(height)]) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return MAGIC + b"".join(
        png_chunk(name, data)
        for name, data in ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    )


def png_chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG with its checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def jpeg(
    width: int, height: int, *, scans: int = 0, mode: str = "RGB", subsampling: int = 2
) -> bytes:
    """A flat JPEG; scans: how many a progressive one has, 0 for a baseline one."""
    buffer = io.BytesIO()
    image = Image.new(mode, (width, height), 128 if mode == "L" else (90, 120, 60, 0)[: len(mode)])
    image.save(buffer, "JPEG", progressive=scans > 0, subsampling=subsampling)
    content = buffer.getvalue()
    return with_scans(content, scans) if scans else content


def with_scans(content: bytes, scans: int) -> bytes:
    """A progressive JPEG whose last scan is repeated until it has so many."""
    last = content.rindex(b"\xff\xda")
    repeated = content[last:-2]
    return content[:-2] + repeated * (scans - content.count(b"\xff\xda")) + content[-2:]


def webp(width: int, height: int, *, lossless: bool = False) -> bytes:
    """A flat WebP."""
    buffer = io.BytesIO()
    image = Image.new("RGB", (width, height), (90, 120, 60))
    image.save(buffer, "WEBP", lossless=lossless, quality=0, method=0)
    return buffer.getvalue()


def ppm(width: int, height: int) -> bytes:
    """A P6 whose white is 254, so that every level is computed."""
    pixels = np.full((height, width, 3), 99, np.uint8)
    return b"P6 %d %d 254\n" % (width, height) + pixels.tobytes()


def text_ppm(size: int) -> bytes:
    """A P3 of about so many bytes."""
    side = int((size / 6) ** 0.5)
    return b"P3 %d %d 9\n" % (side, side) + b"7 " * (3 * side * side)


def bitmap(width: int, height: int) -> bytes:
    """A P4."""
    return b"P4 %d %d\n" % (width, height) + b"\x5a" * (-(-width // 8) * height)


# Each within the limits, by hand close to them: pixels, scans, memory, bytes.
HEAVY: dict[str, Callable[[], bytes]] = {
    "RGBA PNG": lambda: flat_png(WIDE, HIGH, channels=4),
    "PNG that is just not reduced": lambda: flat_png(4096, 4096, channels=3),
    "PNG of one long row": lambda: flat_png(20_000, 2_000, channels=3),
    "PNG of one long column": lambda: flat_png(2_000, 20_000, channels=3),
    "JPEG": lambda: jpeg(WIDE, HIGH),
    "JPEG in 50 scans": lambda: jpeg(WIDE, HIGH, scans=LIMITS.max_scans),
    "WebP": lambda: webp(4_000, 3_450),
    "P6": lambda: ppm(3_000, 2_200),
    "P3": lambda: text_ppm(19_000_000),
    "P4": lambda: bitmap(WIDE, HIGH),
}
