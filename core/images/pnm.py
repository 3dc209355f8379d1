"""PBM, PGM and PPM, raw and as text, read with numpy: Pillow reads most of them pixel by pixel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.images.header import Damaged, Header

_BITS, _GREY = ("1", "4"), ("2", "5")  # the digit behind P; 3 and 6 have three channels
_AS_TEXT = ("1", "2", "3")
_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEAD = re.compile(rb"P([1-6])" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})")
_LARGEST = re.compile(_GAP + rb"(\d{1,9})")
_COMMENT = re.compile(rb"#[^\r\n]*")
_LONGEST_HEAD = 65_536
Samples = NDArray[Any]  # whole numbers of any width
_STRIPE = 1 << 20  # samples at a time
_TEXT = 1 << 18  # characters at a time
_MOST_COMMENTS = 10_000
_BLANKS = b" \t\n\v\f\r"
_BLANK = re.compile(rb"\s")


class _Head(NamedTuple):
    """kind: the digit; largest: the level of white; start: of the samples."""

    kind: str
    width: int
    height: int
    largest: int
    start: int

    @property
    def channels(self) -> int:
        return 1 if self.kind in _BITS + _GREY else 3

    @property
    def samples(self) -> int:
        """In a row."""
        return self.width * self.channels


def is_pnm(data: bytes) -> bool:
    """Whether a file begins as a PBM, PGM or PPM does."""
    return _HEAD.match(data[:_LONGEST_HEAD]) is not None


def inspect(data: bytes) -> Header:
    """The header of a PNM; raises Damaged. Its rows raise Damaged as well."""
    head = _head(data)
    text = len(data) if head.kind in _AS_TEXT else 0
    return Header(
        head.width,
        head.height,
        [data],
        per_pixel=0,
        beside=16 * _STRIPE + 2 * text,
        work=head.width * head.height + text,
        rows=partial(_as_rgb, data, head),
    )


def _head(data: bytes) -> _Head:
    begin = data[:_LONGEST_HEAD]
    found = _HEAD.match(begin)
    if found is None:
        raise Damaged("its header is damaged")
    kind, end, largest = found[1].decode(), found.end(), 1
    if kind not in _BITS:
        white = _LARGEST.match(begin, end)
        if white is None:
            raise Damaged("its header lacks the level of white")
        largest, end = int(white[1]), white.end()
        if not 0 < largest < 65_536:
            raise Damaged(f"the level of white must lie in 1..65535, got {largest}")
    if not begin[end : end + 1].isspace():
        raise Damaged("its header is cut off")
    return _Head(kind, int(found[2]), int(found[3]), largest, end + 1)


def _as_rgb(data: bytes, head: _Head) -> Iterator[bytes]:
    """Rows of RGB, as many at a time as a stripe holds."""
    if head.kind in _BITS:
        table = np.array([255, 0], np.uint8)  # 1 is black
    else:
        levels = np.arange(65_536 if head.largest > 255 else 256)
        # Rounded as Pillow does; what is more than white is white.
        table = np.minimum(np.round(levels / head.largest * 255), 255).astype(np.uint8)
    for rows in _rows_of_text(data, head) if head.kind in _AS_TEXT else _raw_rows(data, head):
        shown = table[rows].reshape(len(rows), head.width, head.channels)
        yield np.broadcast_to(shown, (len(rows), head.width, 3)).tobytes()


def _raw_rows(data: bytes, head: _Head) -> Iterator[Samples]:
    wide: np.dtype[Any] = np.dtype(">u2" if head.largest > 255 else np.uint8)
    across = -(-head.width // 8) if head.kind in _BITS else head.samples
    if len(data) - head.start < head.height * across * wide.itemsize:
        raise Damaged("it ends before its pixels")
    step = max(1, _STRIPE // head.samples)
    for top in range(0, head.height, step):
        count = min(step, head.height - top)
        place = head.start + top * across * wide.itemsize
        rows = np.frombuffer(data, wide, count * across, place).reshape(count, across)
        yield np.unpackbits(rows, axis=1, count=head.width) if head.kind in _BITS else rows


def _rows_of_text(data: bytes, head: _Head) -> Iterator[Samples]:
    left, missing = np.empty(0, np.int64), head.height
    for values in _numbers(data, head):
        if values.size and values.max() > head.largest:
            raise Damaged(f"a level is {values.max()}, more than its white of {head.largest}")
        left = np.concatenate([left, values])
        whole = min(missing, len(left) // head.samples)
        yield left[: whole * head.samples].reshape(whole, head.samples)
        left, missing = left[whole * head.samples :], missing - whole
        if not missing:
            return
    raise Damaged("it ends before its pixels")


def _numbers(data: bytes, head: _Head) -> Iterator[Samples]:
    """The numbers behind the header, some at a time."""
    if data.count(b"#", head.start) > _MOST_COMMENTS:
        raise Damaged(f"it has more than {_MOST_COMMENTS:,} comments")
    text = _COMMENT.sub(b"", data[head.start :])
    position = 0
    while position < len(text):
        cut = _BLANK.search(text, position + _TEXT)
        end = cut.end() if cut else len(text)
        block = text[position:end]
        position = end
        if other := block.translate(None, b"0123456789" + _BLANKS):
            raise Damaged(f"{other[:10]!r} stands among its numbers")
        if head.kind in _BITS:  # no blank need stand between them
            yield np.frombuffer(block.translate(None, _BLANKS), np.uint8).astype(np.int64) - 48
            continue
        try:
            yield np.fromiter(map(int, block.split()), np.int64)
        except (ValueError, OverflowError):
            raise Damaged("a number has too many digits") from None
