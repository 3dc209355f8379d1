"""The table of formats: what every door reads, and says that it reads.

The HTTP interface, uploads, data sets, capture files, commands and errors all go by it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from core.errors import UnsupportedMedia
from core.images import bmp, jpeg, png, pnm, webp
from core.images.header import Header


class Format(NamedTuple):
    """A format of image files.

    media_types: of files of it, that of captures first; suffixes: of their names, without the dot,
    that of captures first; begins: whether a file is of it; inspect: its header, or Damaged;
    in_browsers: whether a browser shows it.
    """

    name: str
    media_types: tuple[str, ...]
    suffixes: tuple[str, ...]
    begins: Callable[[bytes], bool]
    inspect: Callable[[bytes], Header]
    in_browsers: bool = True


FORMATS = (
    Format(
        "PNG", ("image/png",), ("png",), lambda data: data.startswith(png.MAGIC[:4]), png.inspect
    ),
    Format(
        "JPEG",
        ("image/jpeg",),
        ("jpg", "jpeg"),
        lambda data: data.startswith(jpeg.MAGIC),
        jpeg.inspect,
    ),
    Format("WebP", ("image/webp",), ("webp",), webp.is_webp, webp.inspect),
    Format("BMP", ("image/bmp",), ("bmp",), lambda data: data.startswith(bmp.MAGIC), bmp.inspect),
    Format(
        "PPM",
        (
            "image/x-portable-anymap",
            "image/x-portable-pixmap",
            "image/x-portable-graymap",
            "image/x-portable-bitmap",
        ),
        ("ppm", "pgm", "pbm", "pnm"),
        pnm.is_pnm,
        pnm.inspect,
        in_browsers=False,
    ),
)
_NAMES = [each.name for each in FORMATS]
READABLE = f"{', '.join(_NAMES[:-1])} or {_NAMES[-1]}"
MEDIA_TYPES = tuple(media_type for each in FORMATS for media_type in each.media_types)
SUFFIXES = tuple(suffix for each in FORMATS for suffix in each.suffixes)

# How other kinds of files begin, in small letters, and what to do with them.
_OTHERS = (
    (b"gif8", "a GIF: save it as PNG"),
    (b"%pdf", "a PDF: save it as PNG"),
    (b"ii*\0", "a TIFF: save it as PNG"),
    (b"mm\0*", "a TIFF: save it as PNG"),
    (b"pf\n", "a PFM, whose numbers have no fixed white: save it as PNG"),
    (b"pf ", "a PFM, whose numbers have no fixed white: save it as PNG"),
    (b"pf\r", "a PFM, whose numbers have no fixed white: save it as PNG"),
    (b"p7\n", "a PAM: save it as PNG"),
)


def format_of(data: bytes) -> Format:
    """The format of a file, by its first bytes.

    Raises
    ------
    UnsupportedMedia
        It is none of FORMATS; the message says which it is, if that is known.
    """
    for each in FORMATS:
        if each.begins(data):
            return each
    raise UnsupportedMedia(f"expected a {READABLE} file; this is {_guess(data)}")


def media_type_of_image(data: bytes) -> str | None:
    """The media type of an image file, by its first bytes; None if it is none of FORMATS."""
    return next((each.media_types[0] for each in FORMATS if each.begins(data)), None)


def suffix_of(media_type: str) -> str:
    """The suffix of a file of this media type, without the dot; png where it is unknown.

    Examples
    --------
    >>> suffix_of("image/jpeg"), suffix_of("image/x-portable-graymap")
    ('jpg', 'ppm')
    """
    found = _of_media_type(media_type)
    return found.suffixes[0] if found else "png"


def in_browsers(media_type: str) -> bool:
    """Whether a browser shows a file of this media type."""
    found = _of_media_type(media_type)
    return found is not None and found.in_browsers


def _of_media_type(media_type: str) -> Format | None:
    return next((each for each in FORMATS if media_type in each.media_types), None)


def _guess(data: bytes) -> str:
    head = data[:1000].lower()
    if b"<svg" in head:
        return "an SVG drawing: export it as PNG"
    return next((kind for magic, kind in _OTHERS if head.startswith(magic)), "none of them")
