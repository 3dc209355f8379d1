"""Untrusted bytes -> RGB pixels, and back to PNG.

Images are (height, width, 3) uint8 arrays; `core.model` maps them to [0, 1]. Size and pixel count
are checked on the header, before anything is decoded.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from core.errors import BadInput, TooLarge, UnsupportedMedia

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "PPM")
READABLE = "PNG, JPEG, WebP or BMP"

# `decode` applies its own, lower limit to the header.
Image.MAX_IMAGE_PIXELS = None
LONGEST_SIDE = 512  # pixels; larger images are reduced for heat maps, attacks and figures
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/bmp": "bmp"}


@dataclass(frozen=True)
class ImageLimits:
    """The largest file, in bytes, and image, in pixels, that is decoded."""

    max_bytes: int = 20_000_000
    max_pixels: int = 40_000_000


@dataclass(frozen=True)
class ImageFile:
    """An image with the file that it arrived in. pixels: (height, width, 3) uint8 RGB."""

    pixels: NDArray[np.uint8]
    content: bytes
    media_type: str

    @staticmethod
    def from_file(data: bytes, limits: ImageLimits = ImageLimits()) -> ImageFile:
        """Read an uploaded file; raises as `decode` does."""
        pixels = decode(data, limits)
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            kind = "JPEG" if image.format == "MPO" else image.format or "PNG"
            return ImageFile(pixels, data, Image.MIME[kind])

    @staticmethod
    def from_pixels(pixels: NDArray[np.uint8]) -> ImageFile:
        """Pixels that arrived without a file, with a lossless PNG file of them."""
        return ImageFile(pixels, encode_png(pixels), "image/png")

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the file."""
        return hashlib.sha256(self.content).hexdigest()


def decode(data: bytes, limits: ImageLimits = ImageLimits()) -> NDArray[np.uint8]:
    """Decode an untrusted image file.

    Parameters
    ----------
    data
        The bytes of a PNG, JPEG, WebP, BMP or PPM file.
    limits
        Checked before anything is decoded.

    Returns
    -------
    numpy.ndarray
        (height, width, 3) uint8 RGB, upright (EXIF), transparency over white.

    Raises
    ------
    TooLarge
        The file or the image exceeds the limits.
    UnsupportedMedia
        It has another format.
    BadInput
        It is empty, truncated, damaged or animated.

    Examples
    --------
    >>> black = encode_png(np.zeros((4, 6, 3), np.uint8))
    >>> decode(black).shape
    (4, 6, 3)
    >>> try:
    ...     decode(b"GIF89a...")
    ... except UnsupportedMedia as error:
    ...     print(error)
    expected a PNG, JPEG, WebP or BMP file; this is a GIF: save it as PNG
    """
    if not data:
        raise BadInput(f"expected a {READABLE} file, got 0 bytes")
    if len(data) > limits.max_bytes:
        raise TooLarge(
            f"the file has {len(data):,} bytes; at most {limits.max_bytes:,} are read. "
            "Save it smaller or at a lower quality"
        )
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_header(image, limits)
            return _to_rgb(image)
    except UnidentifiedImageError:
        raise UnsupportedMedia(f"expected a {READABLE} file; {_guess(data)}") from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as error:
        # Pillow's decoders raise all of these on broken files.
        raise BadInput(f"the image is truncated or damaged ({error}); save it again") from error


def read_file(path: Path, limits: ImageLimits = ImageLimits()) -> NDArray[np.uint8]:
    """`decode` of a file; errors carry the file's name."""
    try:
        return decode(path.read_bytes(), limits)
    except (BadInput, TooLarge, UnsupportedMedia) as error:
        raise type(error)(f"{path}: {error}") from error


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """(height, width, 3) uint8 -> PNG bytes; `decode` gives the same pixels back."""
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGB").save(buffer, "PNG", optimize=False)
    return buffer.getvalue()


def encode_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """(height, width, 3) uint8 -> JPEG bytes: small and fast, for display only."""
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGB").save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def to_uint8(pixels: NDArray[np.floating]) -> NDArray[np.uint8]:
    """[0, 1] -> 0..255, rounded to the nearest level, as saving an image does."""
    levels: NDArray[np.uint8] = np.round(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.uint8)
    return levels


def fit(pixels: NDArray[np.uint8], longest_side: int) -> NDArray[np.uint8]:
    """Reduce an image (height, width, 3) to a longest side of at most `longest_side` pixels."""
    height, width = pixels.shape[:2]
    scale = longest_side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    reduced: NDArray[np.uint8] = np.asarray(
        Image.fromarray(pixels).resize(size, Image.Resampling.BOX)
    )
    return reduced


def enlarge(pixels: NDArray[np.uint8], shortest_side: int, longest_side: int) -> NDArray[np.uint8]:
    """Enlarge an image (bilinear) to a shortest side of at least `shortest_side` pixels.

    The longest side stays within `longest_side`; a larger image is returned unchanged.
    """
    height, width = pixels.shape[:2]
    scale = min(shortest_side / min(height, width), longest_side / max(height, width))
    if scale <= 1:
        return pixels
    size = (round(width * scale), round(height * scale))
    enlarged: NDArray[np.uint8] = np.asarray(
        Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR)
    )
    return enlarged


def _check_header(image: Image.Image, limits: ImageLimits) -> None:
    width, height = image.size
    if width * height > limits.max_pixels:
        raise TooLarge(
            f"the image is {width} x {height} = {width * height:,} pixels; "
            f"at most {limits.max_pixels:,} are read. Reduce it and send it again"
        )
    # MPO: what phones save, a JPEG that carries a depth or gain map as a further image.
    frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
    if frames != 1:
        raise BadInput(f"the image is animated ({frames} frames); expected a single image")


def _to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I") or upright.mode == "F":
        # 16-bit greyscale: Pillow's own conversion to 8 bit clips instead of scaling.
        levels = np.asarray(upright, dtype=np.float64) / 65535.0
        return np.repeat(to_uint8(levels)[:, :, None], 3, axis=2)
    if upright.has_transparency_data:
        white = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(white, upright.convert("RGBA"))
    return np.asarray(upright.convert("RGB"))


def _guess(data: bytes) -> str:
    head = data[:1000].lstrip().lower()
    if b"<svg" in head:
        return "this is an SVG drawing: export it as PNG"
    for magic, kind in (
        (b"gif8", "a GIF"),
        (b"%pdf", "a PDF"),
        (b"ii*\0", "a TIFF"),
        (b"mm\0*", "a TIFF"),
    ):
        if head.startswith(magic):
            return f"this is {kind}: save it as PNG"
    return "this is none of them"


def rows_by_key(keys: Sequence[Hashable]) -> Iterator[list[int]]:
    """The rows of each key, in the order in which keys first appear.

    Examples
    --------
    >>> list(rows_by_key(["a", "b", "a"]))
    [[0, 2], [1]]
    """
    for key in dict.fromkeys(keys):
        yield [row for row, own in enumerate(keys) if own == key]
