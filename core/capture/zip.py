"""Chosen captures as one ZIP: their images, and captures.jsonl in SageMaker's form."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import IO

from core.capture.files.records import capture_record
from core.records.captures import Capture, StoredImage

CHUNK = 100
FindImages = Callable[[Sequence[str]], Mapping[str, StoredImage]]


def write_captures(
    file: IO[bytes],
    captures: Iterable[Capture],
    find_images: FindImages,
    progress: Callable[[int], None],
) -> int:
    """Write a ZIP with one line a capture, and each image once; returns the number of lines.

    A capture whose image was not kept stands in captures.jsonl only. progress: lines so far.
    """
    lines: list[str] = []
    written: set[str] = set()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        source = iter(captures)
        while chunk := list(islice(source, CHUNK)):
            names = {capture.image_sha256 for capture in chunk if capture.image_sha256}
            images = find_images(sorted(names))
            for name in sorted(images.keys() - written):
                image = images[name]
                archive.writestr(f"pictures/{name}.{image.suffix}", image.content)
            written |= images.keys()
            lines += [json.dumps(capture_record([capture], images)) + "\n" for capture in chunk]
            progress(len(lines))
        archive.writestr("captures.jsonl", "".join(lines), zipfile.ZIP_DEFLATED)
    return len(lines)
