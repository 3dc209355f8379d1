"""The endpoint's wire formats and Model Monitor's file formats (SageMaker's, where it has one)."""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput, NotAcceptable, TooLarge, UnsupportedMedia
from core.images import MEDIA_TYPES, ImageFile, ImageLimits, OpenedImage, open_image
from core.labels import label
from core.records.captures import CaptureMode, CaptureSettings, Prediction
from core.records.media_types import ANY_IMAGE, VERBOSE, media_ranges, media_type_of

NPY = "application/x-npy"
JSON = "application/json"
CSV = "text/csv"
IMAGE_TYPES = (*MEDIA_TYPES, ANY_IMAGE)
CONTENT_TYPES = (*IMAGE_TYPES, NPY, JSON)
MOST_VALUES = 200_000  # of a JSON body: each takes far more memory than its text
PACKING = 2  # a pixel as PNG takes so many times what decoding one takes
_URL_SAFE = str.maketrans("-_", "+/")


@dataclass(frozen=True)
class RequestLimits:
    """The largest request: bytes of its body, images, pixels of an image."""

    max_body_bytes: int = 20_000_000
    max_batch: int = 256
    image: ImageLimits = field(default_factory=ImageLimits)


@dataclass(frozen=True)
class OpenedArray:
    """One image (height, width, 3) uint8 of an array, still without a file."""

    pixels: NDArray[np.uint8]

    @property
    def work(self) -> int:
        """What packing it takes, in pixels of a PNG that is decoded."""
        height, width = self.pixels.shape[:2]
        return int(PACKING * height * width)

    def read(self) -> ImageFile:
        """The image with a file."""
        return ImageFile.from_pixels(self.pixels)


@dataclass(frozen=True)
class OpenedPart:
    """One image of several, whose errors name it."""

    name: str
    image: OpenedImage

    @property
    def work(self) -> int:
        """As `OpenedImage.work`."""
        return self.image.work

    def read(self) -> ImageFile:
        """Decode it; raises BadInput."""
        try:
            return self.image.read()
        except BadInput as error:
            raise BadInput(f"{self.name}: {error}") from error


class Opened(Protocol):
    """An image that is within the limits, still to be decoded."""

    @property
    def work(self) -> int:
        """What decoding takes, in pixels of a PNG."""

    def read(self) -> ImageFile:
        """Decode it; raises BadInput."""


def parse_request(body: bytes, content_type: str, limits: RequestLimits) -> list[ImageFile]:
    """The images in the body of a request: what `open_request` returns, decoded."""
    return [opened.read() for opened in open_request(body, content_type, limits)]


def open_request(body: bytes, content_type: str, limits: RequestLimits) -> Sequence[Opened]:
    """The images in the body of a request, each to be decoded by its `read`.

    Parameters
    ----------
    body
        An image file, `np.save` bytes, or JSON `{"images": ["<base64>", ...]}`.
    content_type
        One of CONTENT_TYPES, or what `media_type_of` makes one of them; parameters ignored.
    limits
        Checked before anything is decoded.

    Raises
    ------
    UnsupportedMedia
        There is no such content type, or an image has another format.
    TooLarge
        The request exceeds the limits.
    BadInput
        The body is not what the content type says.
    """
    media_type = media_type_of(content_type, body)
    if not body and media_type in CONTENT_TYPES:
        raise BadInput(f"the body is empty; expected {media_type}")
    if media_type == NPY:
        return [OpenedArray(pixels) for pixels in parse_npy(body, limits)]
    if media_type == JSON:
        return _parse_json(body, limits)
    if media_type in IMAGE_TYPES:
        return [open_image(body, limits.image)]
    raise UnsupportedMedia(
        f"content type must be one of {', '.join(CONTENT_TYPES)}, got {media_type!r}"
    )


def open_files(
    files: Iterable[bytes], limits: RequestLimits, *, name: str = "files"
) -> list[OpenedPart]:
    """The images of several files in one request; `name[0]` is the first of them in an error.

    Raises as `open_request` does.
    """
    images: list[OpenedImage] = []
    for index, content in enumerate(files):
        try:
            images.append(open_image(content, limits.image))
        except (BadInput, TooLarge, UnsupportedMedia) as error:
            raise type(error)(f"{name}[{index}]: {error}") from error
        _check_total_pixels(images, limits)
    return [OpenedPart(f"{name}[{index}]", image) for index, image in enumerate(images)]


def parse_npy(body: bytes, limits: RequestLimits) -> NDArray[np.uint8]:
    """`np.save` bytes of (H, W, 3) or (N, H, W, 3) uint8 -> (N, H, W, 3).

    Shape and type are checked on the header; nothing is unpickled. Raises as `parse_request` does.
    """
    stream = io.BytesIO(body)
    try:
        shape, dtype = npy_header(stream)
    except Exception as error:
        # numpy hands the header to Python's parser: MemoryError, IndexError, TokenError, ...
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BadInput(f"the body is no array as np.save writes it: {reason}") from error
    sides_fit = all(type(side) is int and side > 0 for side in shape)
    if dtype != np.uint8 or len(shape) not in (3, 4) or shape[-1] != 3 or not sides_fit:
        raise BadInput(
            "expected a uint8 array of shape (height, width, 3) or (count, height, width, 3), "
            f"got {dtype} {shape}"
        )
    count, height, width = (1, *shape[:2]) if len(shape) == 3 else shape[:3]
    _check_count(count, limits)
    if height * width > limits.image.max_pixels:
        raise TooLarge(
            f"each image is {width} x {height} = {width * height:,} pixels; "
            f"at most {limits.image.max_pixels:,} are read"
        )
    limits.image.check_size(width, height, "each image is")
    expected = math.prod(shape)
    arrived = len(body) - stream.tell()
    if arrived != expected:
        raise BadInput(f"the array needs {expected:,} bytes after its header, {arrived:,} came")
    array: NDArray[np.uint8] = np.load(io.BytesIO(body), allow_pickle=False)
    return np.ascontiguousarray(array).reshape(count, height, width, 3)


def npy_header(stream: io.BytesIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of `np.save` bytes; damaged ones raise whatever Python's parser raises."""
    version = np.lib.format.read_magic(stream)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ValueError(f"format version {version} is not 1.0 or 2.0")
    shape, _, dtype = read(stream)
    return shape, dtype


def _parse_json(body: bytes, limits: RequestLimits) -> list[OpenedPart]:
    expected = 'expected {"images": ["<base64 of an image file>", ...]}'
    values = sum(map(body.count, (b",", b"[", b"{")))
    if values > MOST_VALUES:
        raise TooLarge(
            f"the body has {values:,} values; at most {MOST_VALUES:,} are read. {expected}"
        )
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the body is no JSON ({error}); {expected}") from error
    encoded = document.get("images") if isinstance(document, dict) else None
    if not isinstance(encoded, list):
        raise BadInput(f"{expected}, got {_describe(document)}")
    if not encoded:
        raise BadInput(f"the list of 'images' is empty; {expected}")
    _check_count(len(encoded), limits)
    return open_files(_decoded(encoded), limits, name="images")


def _decoded(encoded: Sequence[object]) -> Iterator[bytes]:
    """File after file, so that none is read behind one that is refused."""
    for index, text in enumerate(encoded):
        if not isinstance(text, str):
            raise BadInput(f"images[{index}] must be a base64 string, got {type(text).__name__}")
        try:
            yield decode_base64(text)
        except ValueError as error:
            raise BadInput(f"images[{index}] is no base64: {error}") from error


def decode_base64(text: str) -> bytes:
    """Base64 in any of its forms: wrapped, URL-safe, without padding, with `data:...,` in front.

    Raises ValueError.

    Examples
    --------
    >>> decode_base64("data:image/png;base64,aG\\nk"), decode_base64("-_-_")
    (b'hi', b'\\xfb\\xff\\xbf')
    """
    if text[:5].lower() == "data:":
        head, comma, text = text.partition(",")
        if not comma or not head.lower().endswith(";base64"):
            raise ValueError("`data:` is to be followed by a media type and `;base64,`")
    plain = "".join(text.split()).translate(_URL_SAFE)
    if len(plain) % 4 > 1:
        plain += "=" * (-len(plain) % 4)
    return base64.b64decode(plain, validate=True)


def _check_total_pixels(images: Sequence[OpenedImage], limits: RequestLimits) -> None:
    """Check the pixels of all images together: small files may hold large images."""
    total = sum(image.header.pixels for image in images)
    if total > limits.image.max_pixels:
        raise TooLarge(
            f"the first {len(images)} images have {total:,} pixels together; at most "
            f"{limits.image.max_pixels:,} are read in one request. Send several"
        )


def _check_count(count: int, limits: RequestLimits) -> None:
    if count > limits.max_batch:
        raise TooLarge(
            f"{count:,} images in one request; at most {limits.max_batch} are taken. Send several"
        )


def _describe(document: object) -> str:
    if isinstance(document, dict):
        return f"an object with {', '.join(map(repr, list(document)[:5])) or 'no keys'}"
    return f"a JSON {type(document).__name__}"


def choose_answer_type(accept: str | None, content_type: str) -> str:
    """The media type of the answer: what `Accept` likes best, else what fits the request.

    A JSON answer to an array is the blog post's list of one-element lists; the full object for an
    array has the name `application/json;verbose=true`. Of types that are liked the same, the first
    one that is named. Raises NotAcceptable.

    Examples
    --------
    >>> choose_answer_type(None, "image/png"), choose_answer_type("text/csv", "image/png")
    ('application/json;verbose=true', 'text/csv')
    >>> choose_answer_type("text/csv;q=0.5, application/json", "application/x-npy")
    'application/json'
    """
    is_array = content_type.partition(";")[0].strip().lower() == NPY
    # What we can answer, and the ranges that name it, the most exact one first.
    offers = {
        **({JSON: (JSON, "application/*", "*/*")} if is_array else {}),
        VERBOSE: (VERBOSE,) if is_array else (VERBOSE, JSON, "application/*", "*/*"),
        NPY: (NPY, "application/*", "*/*"),
        CSV: (CSV, "text/*", "*/*"),
    }
    ranges = media_ranges(accept or "*/*")
    named = {offer: next(filter(ranges.__contains__, names), "") for offer, names in offers.items()}
    liked = [offer for offer, name in named.items() if ranges.get(name, 0) > 0]
    if not liked:
        raise NotAcceptable(
            f"Accept must allow {JSON}, {VERBOSE}, {NPY} or {CSV}, got {accept!r:.200}"
        )
    places = list(ranges)
    return min(liked, key=lambda offer: (-ranges[named[offer]], places.index(named[offer])))


def render_answer(
    answer_type: str, predictions: Sequence[Prediction], capture_ids: Sequence[str | None]
) -> bytes:
    """The body of an answer of a type that `choose_answer_type` returns."""
    classes = [prediction.class_id for prediction in predictions]
    if answer_type == CSV:
        return "".join(f"{class_id}\n" for class_id in classes).encode()
    if answer_type == NPY:
        buffer = io.BytesIO()
        np.save(buffer, np.array(classes, dtype=np.int64)[:, None])
        return buffer.getvalue()
    if answer_type == JSON:
        return json.dumps([[class_id] for class_id in classes]).encode()
    pairs = zip(predictions, capture_ids, strict=True)
    return json.dumps({"predictions": [prediction_json(*pair) for pair in pairs]}).encode()


def prediction_json(prediction: Prediction, capture_id: str | None) -> dict[str, Any]:
    """One entry of the full answer; p_value is null without a calibration."""
    p_value = prediction.suspicion.p_value
    return {
        "class_id": prediction.class_id,
        "label": label(prediction.class_id).name,
        "confidence": round(prediction.confidence, 6),
        "top_classes": [
            {"class_id": k, "label": label(k).name, "confidence": round(share, 6)}
            for k, share in prediction.top()
        ],
        "suspicion": {
            "p_value": None if p_value is None else round(p_value, 6),
            "flagged": prediction.suspicion.flagged,
            "reasons": list(prediction.suspicion.reasons),
        },
        "capture_id": capture_id,
    }


def data_capture_config(settings: CaptureSettings) -> dict[str, Any]:
    """The capture settings as SageMaker's DataCaptureConfig."""
    modes = {
        CaptureMode.INPUT: ["Input"],
        CaptureMode.OUTPUT: ["Output"],
        CaptureMode.INPUT_AND_OUTPUT: ["Input", "Output"],
    }
    return {
        "EnableCapture": settings.enabled,
        "InitialSamplingPercentage": settings.sampling,
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes[settings.mode]],
    }


def parse_data_capture_config(document: dict[str, Any]) -> CaptureSettings:
    """Capture settings from a DataCaptureConfig; fields about S3 are ignored. Raises BadInput."""
    sampling = document.get("InitialSamplingPercentage", 100)
    enabled = document.get("EnableCapture", True)
    options = document.get("CaptureOptions", [{"CaptureMode": "InputAndOutput"}])
    if type(sampling) not in (int, float) or not 0 <= sampling <= 100:
        raise BadInput(f"InitialSamplingPercentage must be a number in 0..100, got {sampling!r}")
    if type(enabled) is not bool:
        raise BadInput(f"EnableCapture must be true or false, got {enabled!r}")
    try:
        modes = {CaptureMode(option["CaptureMode"]) for option in options}
    except (TypeError, KeyError, ValueError):
        modes = set()
    if not modes:
        raise BadInput(
            'CaptureOptions must be a list like [{"CaptureMode": "Input"}, '
            f'{{"CaptureMode": "Output"}}], got {options!r}'
        )
    mode = modes.pop() if len(modes) == 1 else CaptureMode.INPUT_AND_OUTPUT
    return CaptureSettings(enabled, float(sampling), mode)
