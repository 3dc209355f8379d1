"""Image files of every kind: those that are read, with their pixels, and those that are refused.

`GOOD` and `BAD` serve wherever untrusted files come in: decoder, endpoint, pages.
"""

import io
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import BadInput, SignwatchError, TooLarge, UnsupportedMedia
from core.images import ImageFile

ORIENTATION = 0x0112
Pixels = NDArray[np.uint8]


def blocks(seed: int = 0, *, side: int = 32, tiles: int = 4) -> Pixels:
    """(side, side, 3): squares of random colours; which the test classifier distinguishes."""
    colours = np.random.default_rng(seed).integers(0, 256, (tiles, tiles, 3), dtype=np.uint8)
    step = side // tiles
    return colours.repeat(step, axis=0).repeat(step, axis=1)


def image_files(*seeds: int) -> list[ImageFile]:
    """`blocks` of these seeds, as files."""
    return [ImageFile.from_pixels(blocks(seed)) for seed in seeds]


def noise(height: int, width: int, seed: int = 0) -> Pixels:
    """(height, width, 3): every level of every pixel by chance."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def gradient(height: int, width: int) -> Pixels:
    """(height, width, 3): smooth, so that JPEG loses little; no two corners alike."""
    y, x = np.mgrid[0:height, 0:width]
    red, green = 40 + 180 * y / max(1, height - 1), 40 + 180 * x / max(1, width - 1)
    return np.stack([red, green, 255 - red / 2 - green / 2], axis=2).round().astype(np.uint8)


def saved(image: Pixels | Image.Image, kind: str, **options: Any) -> bytes:
    """The file that Pillow writes."""
    opened = image if isinstance(image, Image.Image) else Image.fromarray(image)
    buffer = io.BytesIO()
    opened.save(buffer, kind, **options)
    return buffer.getvalue()


def png(width: int, height: int, *, depth: int, colour: int, rows: bytes, **chunks: bytes) -> bytes:
    """A PNG put together by hand. rows: filter bytes included; chunks: further ones, by name."""

    def chunk(name: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + checksum

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    further = b"".join(chunk(name.encode(), data) for name, data in chunks.items())
    packed = zlib.compress(rows, 1)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + further
        + chunk(b"IDAT", packed)
        + chunk(b"IEND", b"")
    )


def huge_png(side: int = 20_000) -> bytes:
    """A black image of `side` x `side` one-bit pixels: 400 million of them in a small file."""
    return png(side, side, depth=1, colour=0, rows=bytes(side * (1 + -(-side // 8))))


def png_16_bit(levels: NDArray[np.uint16]) -> bytes:
    """(height, width) grey or (height, width, 3) RGB levels as a 16-bit PNG."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    colour = 0 if levels.ndim == 2 else 2
    return png(levels.shape[1], levels.shape[0], depth=16, colour=colour, rows=rows)


def exif_block(orientation: int, *, order: str = ">", kind: int = 3) -> bytes:
    """A block of EXIF that holds the orientation alone. kind: 3 short, 4 long."""
    magic = {"<": b"II*\0", ">": b"MM\0*"}[order]
    value = struct.pack(order + ("HH" if kind == 3 else "I"), *[orientation, 0][: 5 - kind])
    entry = struct.pack(order + "HHI", ORIENTATION, kind, 1) + value
    return magic + struct.pack(order + "IH", 8, 1) + entry + struct.pack(order + "I", 0)


def rotated_jpeg(upright: Pixels) -> bytes:
    """A photograph as a phone saves it: turned by 90 degrees, with a note on how to hold it."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be shown turned clockwise
    return saved(np.rot90(upright), "JPEG", quality=95, subsampling=0, exif=exif)


@dataclass(frozen=True)
class GoodFile:
    """A file that is read. within: how far lossy formats may be from `pixels`, in levels."""

    name: str
    content: bytes = field(repr=False)
    media_type: str
    pixels: Pixels = field(repr=False)
    within: int = 0


@dataclass(frozen=True)
class BadFile:
    """A file that is refused, with the whole text."""

    name: str
    content: bytes = field(repr=False)
    error: type[SignwatchError]
    message: str


def _translucent() -> tuple[Image.Image, Pixels]:
    """Red that fades from nothing to full, and what it looks like over white."""
    alpha = np.linspace(0, 255, 16).round().astype(np.uint8)[None].repeat(16, axis=0)
    red = np.zeros((16, 16, 4), dtype=np.uint8)
    red[..., 0], red[..., 3] = 255, alpha
    over_white = np.stack([np.full_like(alpha, 255), 255 - alpha, 255 - alpha], axis=2)
    return Image.fromarray(red), over_white


def _palette() -> tuple[bytes, Pixels]:
    """Left half the transparent colour 0, right half blue."""
    image = Image.new("P", (8, 8), 0)
    image.putpalette([9, 9, 9, 0, 0, 255])
    image.paste(1, (4, 0, 8, 8))
    pixels = np.full((8, 8, 3), 255, dtype=np.uint8)
    pixels[:, 4:] = (0, 0, 255)
    return saved(image, "PNG", transparency=0), pixels


def _good_files() -> list[GoodFile]:
    smooth, coloured = gradient(24, 40), blocks(1)
    translucent, over_white = _translucent()
    palette, blue = _palette()
    grey = (np.arange(48, dtype=np.uint16) * 1387).reshape(6, 8)
    fine = (np.arange(144, dtype=np.uint16) * 455).reshape(6, 8, 3)
    stripes = np.zeros((8, 8, 3), dtype=np.uint8)
    stripes[::2] = 255
    black = Image.new("RGB", (40, 24))
    return [
        GoodFile("PNG", saved(coloured, "PNG"), "image/png", coloured),
        GoodFile("BMP", saved(coloured, "BMP"), "image/bmp", coloured),
        GoodFile("WebP", saved(coloured, "WEBP", lossless=True), "image/webp", coloured),
        GoodFile("JPEG", saved(smooth, "JPEG", quality=95), "image/jpeg", smooth, 8),
        GoodFile(
            "progressive JPEG",
            saved(smooth, "JPEG", quality=95, progressive=True),
            "image/jpeg",
            smooth,
            8,
        ),
        GoodFile(
            "CMYK JPEG",
            saved(Image.fromarray(smooth).convert("CMYK"), "JPEG", quality=95),
            "image/jpeg",
            smooth,
            8,
        ),
        GoodFile("rotated JPEG", rotated_jpeg(smooth), "image/jpeg", smooth, 8),
        GoodFile(
            "JPEG with a second image for the depth",
            saved(smooth, "MPO", quality=95, save_all=True, append_images=[black]),
            "image/jpeg",
            smooth,
            8,
        ),
        GoodFile(
            "16-bit grey PNG",
            png_16_bit(grey),
            "image/png",
            (grey / 257).round().astype(np.uint8)[..., None].repeat(3, axis=2),
        ),
        GoodFile("16-bit RGB PNG", png_16_bit(fine), "image/png", (fine >> 8).astype(np.uint8)),
        GoodFile(
            "1-bit PNG", saved(Image.fromarray(stripes).convert("1"), "PNG"), "image/png", stripes
        ),
        GoodFile("translucent PNG", saved(translucent, "PNG"), "image/png", over_white),
        GoodFile(
            "translucent WebP",
            saved(translucent, "WEBP", lossless=True, exact=True),
            "image/webp",
            over_white,
        ),
        GoodFile("palette PNG with transparency", palette, "image/png", blue),
        GoodFile("3 x 3 PNG", saved(noise(3, 3), "PNG"), "image/png", noise(3, 3)),
        GoodFile("1 x 1 PNG", saved(noise(1, 1), "PNG"), "image/png", noise(1, 1)),
        GoodFile("1 x 300 PNG", saved(noise(1, 300), "PNG"), "image/png", noise(1, 300)),
    ]


def _bad_files() -> list[BadFile]:
    first, second = Image.fromarray(blocks(1)), Image.fromarray(blocks(2))
    lossless, lossy = saved(noise(64, 64), "PNG"), saved(noise(64, 64), "JPEG")
    readable = "expected a PNG, JPEG, WebP, BMP or PPM file"
    animated = "the image is animated (2 frames); expected a single image"
    svg = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>'
    return [
        BadFile("empty", b"", BadInput, f"{readable}, got 0 bytes"),
        BadFile("text", b"not an image", UnsupportedMedia, f"{readable}; this is none of them"),
        BadFile(
            "truncated PNG",
            lossless[: len(lossless) // 2],
            BadInput,
            "the image is truncated or damaged (image file is truncated); save it again",
        ),
        BadFile(
            "truncated JPEG",
            lossy[: len(lossy) // 2],
            BadInput,
            "the image is truncated or damaged (image file is truncated "
            "(150 bytes not processed)); save it again",
        ),
        BadFile(
            "PNG cut in its header",
            lossless[:20],
            BadInput,
            "the image is truncated or damaged (its header is cut off); save it again",
        ),
        BadFile(
            "20,000 x 20,000 PNG",
            huge_png(),
            TooLarge,
            "the image is 20000 x 20000 = 400,000,000 pixels; at most 40,000,000 are read. "
            "Reduce it and send it again",
        ),
        BadFile(
            "SVG", svg, UnsupportedMedia, f"{readable}; this is an SVG drawing: export it as PNG"
        ),
        BadFile(
            "GIF",
            saved(first, "GIF"),
            UnsupportedMedia,
            f"{readable}; this is a GIF: save it as PNG",
        ),
        BadFile(
            "PDF",
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
            UnsupportedMedia,
            f"{readable}; this is a PDF: save it as PNG",
        ),
        BadFile(
            "TIFF",
            saved(first, "TIFF"),
            UnsupportedMedia,
            f"{readable}; this is a TIFF: save it as PNG",
        ),
        BadFile(
            "big-endian TIFF",
            b"MM\0*\0\0\0\x08",
            UnsupportedMedia,
            f"{readable}; this is a TIFF: save it as PNG",
        ),
        BadFile(
            "animated PNG",
            saved(first, "PNG", save_all=True, append_images=[second]),
            BadInput,
            animated,
        ),
        BadFile(
            "animated WebP",
            saved(first, "WEBP", save_all=True, append_images=[second]),
            BadInput,
            animated,
        ),
    ]


GOOD = _good_files()
BAD = _bad_files()
