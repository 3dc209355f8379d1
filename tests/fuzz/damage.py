"""Bytes with something wrong in them, above all in images."""

from __future__ import annotations

import io
import struct
import zlib
from random import Random

import numpy as np
from PIL import Image

from core.samples import all_samples
from tests.support.npy import npy

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")


def damaged(random: Random, content: bytes) -> bytes:
    """Bytes with stretches replaced, removed, doubled or cut off."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 4)):
        start = random.randint(0, len(changed))
        length = random.choice((1, 1, 2, 8, 64))
        kind = random.choice(("flip", "flip", "replace", "remove", "double", "cut"))
        if kind == "flip" and start < len(changed):
            changed[start] ^= 1 << random.randrange(8)
        elif kind == "replace":
            changed[start : start + length] = random.choice(
                (random.randbytes(length), bytes(length), b"\xff" * length)
            )
        elif kind == "remove":
            del changed[start : start + length]
        elif kind == "double":
            changed[start:start] = changed[start : start + 8 * length]
        elif kind == "cut":
            del changed[start:]
    return bytes(changed)


class Images:
    """Drawn signs in every format, and what becomes of them."""

    def __init__(self) -> None:
        signs = [sample.image().pixels for sample in all_samples()[::40]]
        self.arrays = [npy(signs[0]), npy(np.stack(signs[:3]))]
        self.files = [_saved(pixels, kind) for pixels in signs for kind in FORMATS]

    def one(self, random: Random) -> bytes:
        """An image file, whole or damaged."""
        content = random.choice(self.files)
        change = random.choice((None, None, damaged, _resized, _with_exif))
        return content if change is None else change(random, content)


def _saved(pixels: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def _resized(random: Random, content: bytes) -> bytes:
    """A PNG whose header names another size, depth or colour, and is right for the rest."""
    if not content.startswith(b"\x89PNG"):
        return damaged(random, content)
    sides = [random.choice((0, 1, 31, 32, 33, 7000, 2**31 - 1, 2**32 - 1)) for _ in range(2)]
    header = struct.pack(">2I5B", *sides, *random.choices((0, 1, 2, 3, 4, 6, 8, 16, 255), k=5))
    checked = b"IHDR" + header
    return content[:12] + checked + struct.pack(">I", zlib.crc32(checked)) + content[33:]


def _with_exif(random: Random, content: bytes) -> bytes:
    """A JPEG with a block of EXIF that may be anything."""
    if not content.startswith(b"\xff\xd8"):
        return damaged(random, content)
    exif = Image.Exif()
    exif[0x0112] = random.choice((1, 3, 6, 8, 9, 65_535))
    block = exif.tobytes()
    block = random.choice((block, damaged(random, block), b"Exif\0\0" + random.randbytes(20)))
    return content[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(block)) + block + content[2:]
