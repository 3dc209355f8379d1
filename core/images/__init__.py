"""Image files and pixels.

formats      the table of formats that every door reads
decoding     untrusted bytes -> RGB pixels: the one way in
limits       the budget of an image
header       what a file says before it is decoded; png, jpeg, webp, bmp and pnm read it
orientation  which way up an image is
archive      a ZIP of images, file by file
process      a large image is decoded by a process of its own: worker
pixels       reduce, enlarge, encode

Images are (height, width, 3) uint8 arrays; `core.model` maps them to [0, 1].
"""

from __future__ import annotations

from core.images.archive import PackedFile, is_zip, open_zip
from core.images.decoding import LARGE, ImageFile, OpenedImage, decode, open_image, read_file
from core.images.formats import (
    FORMATS,
    MEDIA_TYPES,
    READABLE,
    SUFFIXES,
    in_browsers,
    media_type_of_image,
    suffix_of,
)
from core.images.limits import ImageLimits
from core.images.pixels import (
    LONGEST_SIDE,
    encode_jpeg,
    encode_png,
    enlarge,
    fit,
    rows_by_key,
    to_uint8,
)

__all__ = [
    "FORMATS",
    "LARGE",
    "LONGEST_SIDE",
    "MEDIA_TYPES",
    "READABLE",
    "SUFFIXES",
    "ImageFile",
    "ImageLimits",
    "OpenedImage",
    "PackedFile",
    "decode",
    "encode_jpeg",
    "encode_png",
    "enlarge",
    "fit",
    "in_browsers",
    "is_zip",
    "media_type_of_image",
    "open_image",
    "open_zip",
    "read_file",
    "rows_by_key",
    "suffix_of",
    "to_uint8",
]
