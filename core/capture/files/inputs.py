"""The images in the input of a captured request; whatever else it holds is kept as it came."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import NamedTuple

from core import invocations
from core.capture.files.lines import Side
from core.capture.writer import to_stored_image
from core.errors import SignwatchError
from core.images import ImageFile
from core.invocations import IMAGE_TYPES, JSON, NPY, RequestLimits, decode_base64
from core.records.captures import StoredImage
from core.records.media_types import ANY_IMAGE

NPY_MAGIC = b"\x93NUMPY"


class Inputs(NamedTuple):
    """images: one an image, none where there are none that we read. standard: the payload is
    `standard_input` of the images.
    """

    images: tuple[StoredImage, ...]
    standard: bool


def standard_input(images: Sequence[StoredImage]) -> tuple[str, str]:
    """(data, encoding) of a request of these images; several travel as JSON."""
    encoded = [base64.b64encode(image.content).decode() for image in images]
    if len(encoded) == 1:
        return encoded[0], "BASE64"
    return json.dumps({"images": encoded}), "JSON"


def standard_content_type(images: Sequence[StoredImage], observed: str | None) -> str:
    """The content type that goes with `standard_input`: the observed one where it can be right."""
    if len(images) > 1:
        return JSON
    return observed if observed in IMAGE_TYPES else images[0].media_type


def read_input(side: Side, limits: RequestLimits) -> Inputs:
    """The images of one request, their limits checked before they are decoded."""
    try:
        images = tuple(map(to_stored_image, _images(side, limits)))
    except (SignwatchError, ValueError):
        return Inputs((), False)
    return Inputs(images, bool(images) and standard_input(images) == (side.data, side.encoding))


def _images(side: Side, limits: RequestLimits) -> list[ImageFile]:
    if side.encoding == "BASE64":
        content = decode_base64(side.data)
        content_type = NPY if content.startswith(NPY_MAGIC) else ANY_IMAGE
        return invocations.parse_request(content, content_type, limits)
    if side.encoding == "JSON" and side.data.startswith('{"images"'):
        return invocations.parse_request(side.data.encode(), JSON, limits)
    return []
