"""Arrays as `np.save` writes them, and as it never would."""

import io
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput, SignwatchError, TooLarge
from tests.support.images import blocks


def npy(array: NDArray[Any]) -> bytes:
    """The bytes of `np.save`."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def by_hand(header: str, data: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    """An .npy file with any header."""
    text = header.encode("latin1")
    length = struct.pack("<H" if version[0] == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text + data


def described(shape: str, descr: str = "'|u1'") -> str:
    """The header of an array of that shape, in C order."""
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}"


@dataclass(frozen=True)
class BadArray:
    """A body that is refused. message None: it carries words of Python's own parser."""

    name: str
    content: bytes = field(repr=False)
    error: type[SignwatchError]
    message: str | None


NO_ARRAY = "the body is no array as np.save writes it: "
EXPECTED = "expected a uint8 array of shape (height, width, 3) or (count, height, width, 3), got "

WHOLE = npy(blocks())

BAD_ARRAYS = [
    BadArray(
        "no array",
        b"\x89PNG\r\n\x1a\n",
        BadInput,
        NO_ARRAY + r"the magic string is not correct; expected b'\x93NUMPY', got b'\x89PNG\r\n'",
    ),
    BadArray(
        "cut in the magic",
        WHOLE[:4],
        BadInput,
        NO_ARRAY + "EOF: reading magic string, expected 8 bytes got 4",
    ),
    BadArray(
        "cut in the header",
        WHOLE[:40],
        BadInput,
        NO_ARRAY + "EOF: reading array header, expected 118 bytes got 30",
    ),
    BadArray(
        "truncated",
        WHOLE[:-1],
        BadInput,
        "the array needs 3,072 bytes after its header, 3,071 came",
    ),
    BadArray(
        "too long",
        WHOLE + b"\0",
        BadInput,
        "the array needs 3,072 bytes after its header, 3,073 came",
    ),
    BadArray("float64", npy(np.zeros((4, 4, 3))), BadInput, EXPECTED + "float64 (4, 4, 3)"),
    BadArray("int8", npy(np.zeros((4, 4, 3), np.int8)), BadInput, EXPECTED + "int8 (4, 4, 3)"),
    BadArray(
        "pickled objects",
        npy(np.array([[[{}, 1, 2]]], dtype=object)),
        BadInput,
        EXPECTED + "object (1, 1, 3)",
    ),
    BadArray(
        "structured",
        npy(np.zeros((4, 4, 3), [("a", "u1")])),
        BadInput,
        EXPECTED + "[('a', 'u1')] (4, 4, 3)",
    ),
    BadArray("grey", npy(np.zeros((4, 4), np.uint8)), BadInput, EXPECTED + "uint8 (4, 4)"),
    BadArray(
        "four channels", npy(np.zeros((4, 4, 4), np.uint8)), BadInput, EXPECTED + "uint8 (4, 4, 4)"
    ),
    BadArray(
        "channels first",
        npy(np.zeros((3, 32, 32), np.uint8)),
        BadInput,
        EXPECTED + "uint8 (3, 32, 32)",
    ),
    BadArray(
        "five dimensions",
        npy(np.zeros((1, 1, 4, 4, 3), np.uint8)),
        BadInput,
        EXPECTED + "uint8 (1, 1, 4, 4, 3)",
    ),
    BadArray(
        "no images",
        npy(np.zeros((0, 4, 4, 3), np.uint8)),
        BadInput,
        EXPECTED + "uint8 (0, 4, 4, 3)",
    ),
    BadArray(
        "no pixels", npy(np.zeros((4, 0, 3), np.uint8)), BadInput, EXPECTED + "uint8 (4, 0, 3)"
    ),
    BadArray("a scalar", npy(np.array(3, np.uint8)), BadInput, EXPECTED + "uint8 ()"),
    BadArray(
        "negative sides",
        by_hand(described("(-1, -1, 3)"), b"123"),
        BadInput,
        EXPECTED + "uint8 (-1, -1, 3)",
    ),
    BadArray(
        "negative count",
        by_hand(described("(-1, -1, 1, 3)"), b"123"),
        BadInput,
        EXPECTED + "uint8 (-1, -1, 1, 3)",
    ),
    BadArray(
        "sides that are truth values",
        by_hand(described("(True, True, 3)"), b"123"),
        BadInput,
        EXPECTED + "uint8 (True, True, 3)",
    ),
    BadArray(
        "a shape beyond all bounds",
        by_hand(described(f"(1, {10**30}, 3)"), b"123"),
        TooLarge,
        f"each image is {10**30} x 1 = {10**30:,} pixels; at most 40,000,000 are read",
    ),
    BadArray(
        "too many pixels",
        by_hand(described("(20000, 20000, 3)")),
        TooLarge,
        "each image is 20000 x 20000 = 400,000,000 pixels; at most 40,000,000 are read",
    ),
    BadArray(
        "too many images",
        by_hand(described("(257, 1, 1, 3)"), bytes(771)),
        TooLarge,
        "257 images in one request; at most 256 are taken. Send several",
    ),
    BadArray(
        "version 3",
        by_hand(described("(1, 1, 3)"), b"123", (3, 0)),
        BadInput,
        NO_ARRAY + "format version (3, 0) is not 1.0 or 2.0",
    ),
    BadArray(
        "a huge header", by_hand(described("(1, 1, 3)") + " " * 20_000, b"123"), BadInput, None
    ),
    BadArray("an unclosed header", by_hand("{'descr': ("), BadInput, None),
    BadArray("a deep header", by_hand("(" * 9_000), BadInput, None),
    BadArray(
        "a header that overflows the parser",
        by_hand("-" * 9_000 + "1"),
        BadInput,
        NO_ARRAY + "MemoryError",
    ),
    BadArray("a header that is code", by_hand("__import__('os').abort()"), BadInput, None),
    BadArray(
        "an empty type",
        by_hand(described("(1, 1, 3)", "()"), b"123"),
        BadInput,
        NO_ARRAY + "tuple index out of range",
    ),
    BadArray(
        "a type that is none",
        by_hand(described("(1, 1, 3)", "'abc'"), b"123"),
        BadInput,
        NO_ARRAY + "descr is not a valid dtype descriptor: 'abc'",
    ),
    BadArray(
        "a header without a shape",
        by_hand("{'descr': '|u1'}"),
        BadInput,
        NO_ARRAY + "Header does not contain the correct keys: ['descr']",
    ),
]
