"""Pillow's part of decoding: a file without metadata -> rows of RGB.

Small images are decoded by a call. For large ones this file is run as a script: a process of its
own, which can be ended, and whose memory goes with it. So it imports nothing of the project.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

from PIL import Image, _webp
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

# The caller has checked the header.
Image.MAX_IMAGE_PIXELS = None
OPENERS: dict[str, type[ImageFile]] = {
    "PNG": PngImageFile,
    "JPEG": JpegImageFile,
    "BMP": BmpImageFile,
}
STRIPE = 1 << 20  # bytes of RGB
LARGEST_DRAFT = 8  # by which a JPEG is reduced while it is decoded
NICENESS = 10
SPARE = 64_000_000  # bytes: the interpreter itself
# 16-bit greyscale: Pillow's own conversion to 8 bit clips instead of scaling.
EIGHT_BITS = [round(level / 257) for level in range(65_536)]


def rows(file: IO[bytes], kind: str, reduction: int) -> Iterator[bytes]:
    """Stripes of RGB, top down, transparency over white.

    Parameters
    ----------
    file
        An image of the kind.
    kind
        WebP, or one of OPENERS.
    reduction
        Both sides are divided by this power of two and rounded up.

    Raises
    ------
    Exception
        Whatever Pillow raises on broken files.
    """
    if kind == "WebP":
        yield from _stripes(_webp_image(file.read()), reduction)
        return
    with OPENERS[kind](file) as image:
        if kind == "JPEG":
            drawn = min(reduction, LARGEST_DRAFT)
            image.draft(None, (max(1, image.width // drawn), max(1, image.height // drawn)))
            reduction //= drawn
        image.load()
        yield from _stripes(image, reduction)


def _webp_image(content: bytes) -> Image.Image:
    """The one image of a WebP, without the copies that Pillow's own class keeps of it."""
    decoder = _webp.WebPAnimDecoder(content)
    size, mode = decoder.get_info()[0], decoder.get_info()[-1]
    frame = decoder.get_next()
    if frame is None:
        raise OSError("failed to decode the image in the WebP file")
    return Image.frombuffer(mode, size, frame[0], "raw", mode, 0, 1)


def _stripes(image: Image.Image, reduction: int) -> Iterator[bytes]:
    step = reduction * max(1, STRIPE // (3 * reduction * image.width))
    for top in range(0, image.height, step):
        shown = _to_rgb(image.crop((0, top, image.width, min(image.height, top + step))))
        yield (shown.reduce(reduction) if reduction > 1 else shown).tobytes()


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        grey = image.convert("I").point(EIGHT_BITS, "L")
        return Image.merge("RGB", (grey, grey, grey))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return image.convert("RGB")


def main(kind: str, reduction: str, size: str, seconds: str, memory: str) -> int:
    """Decode what standard input holds to standard output; 1 with the reason on standard error."""
    _restrict(int(seconds), int(memory))
    try:
        content = io.BytesIO(sys.stdin.buffer.read(int(size)))
        for stripe in rows(content, kind, int(reduction)):
            sys.stdout.buffer.write(stripe)
    except Exception as error:  # noqa: BLE001
        # Pillow documents no errors.
        print(error or type(error).__name__, file=sys.stderr)
        return 1
    return 0


def _restrict(seconds: int, memory: int) -> None:
    """Let others go first, and have the system end what the checks before did not foresee."""
    with suppress(ImportError, OSError, ValueError):  # where the system has no such limits
        import resource

        os.nice(NICENESS)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_DATA, (memory + SPARE, memory + SPARE))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
