"""Media types: of requests and of answers, by name, by first bytes, and by what is accepted."""

from __future__ import annotations

import re

from core.images import media_type_of_image

JSON = "application/json"
VERBOSE = f"{JSON};verbose=true"
NPY = "application/x-npy"
ANY_IMAGE = "application/x-image"
# Other names of the same, and names that say nothing: curl's own for `--data-binary` is one.
ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/x-bmp": "image/bmp",
    "image/x-ms-bmp": "image/bmp",
}
UNNAMED = ("", "application/octet-stream", "application/x-www-form-urlencoded")
BEGINNINGS = {rb"\x93NUMPY": NPY, rb"\s*[\[{]": JSON}


def media_type_of(content_type: str, body: bytes) -> str:
    """The media type of a body: as it is called, or as it begins where its name says nothing.

    Examples
    --------
    >>> media_type_of("Image/JPG; a=b", b""), media_type_of("", b" {}")
    ('image/jpeg', 'application/json')
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in UNNAMED:
        return ALIASES.get(media_type, media_type)
    found = (kind for begin, kind in BEGINNINGS.items() if re.match(begin, body))
    return next(found, media_type_of_image(body) or ANY_IMAGE)


def media_ranges(accept: str) -> dict[str, float]:
    """The media ranges of an `Accept` header and how much each is liked, 0 to 1.

    Parameters other than `q` are left out, but for those of VERBOSE.

    Examples
    --------
    >>> media_ranges("text/csv;charset=utf-8, */*;q=0.1")
    {'text/csv': 1.0, '*/*': 0.1}
    """
    ranges: dict[str, float] = {}
    for part in re.findall(r'(?:[^,"]|"[^"]*"?)+', accept.lower()):
        name, *parameters = (re.sub(r"\s", "", each) for each in part.split(";"))
        if name == JSON and "verbose=true" in parameters:
            name = VERBOSE
        qualities = [each[2:] for each in parameters if each.startswith("q=")]
        if name:
            ranges.setdefault(name, _quality(qualities[0]) if qualities else 1.0)
    return ranges


def _quality(text: str) -> float:
    """1 where it cannot be read: the range itself was named."""
    return float(text) if re.fullmatch(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?", text) else 1.0
