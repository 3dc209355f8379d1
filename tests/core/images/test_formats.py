"""One table of formats for every door."""

from pathlib import Path

import numpy as np
import pytest

from core import datasets
from core.errors import UnsupportedMedia
from core.images import MEDIA_TYPES, READABLE, SUFFIXES, ImageFile, in_browsers, suffix_of
from core.images.formats import FORMATS, format_of
from core.invocations import CONTENT_TYPES, RequestLimits, parse_request
from pages._shared.parts import UPLOAD_TYPES
from tests.support.expect import raises
from tests.support.images import blocks, saved

KINDS = {"PNG": "PNG", "JPEG": "JPEG", "WebP": "WEBP", "BMP": "BMP", "PPM": "PPM"}
FILES = {name: saved(blocks(), kind) for name, kind in KINDS.items()}


def test_the_table() -> None:
    assert [each.name for each in FORMATS] == list(KINDS)
    assert READABLE == "PNG, JPEG, WebP, BMP or PPM"
    assert len(set(MEDIA_TYPES)) == len(MEDIA_TYPES)
    assert len(set(SUFFIXES)) == len(SUFFIXES)


@pytest.mark.parametrize("name", KINDS)
def test_a_file_is_of_one_format(name: str) -> None:
    assert format_of(FILES[name]).name == name
    assert [each.begins(FILES[name]) for each in FORMATS].count(True) == 1
    assert ImageFile.from_file(FILES[name]).media_type == format_of(FILES[name]).media_types[0]


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_every_media_type_is_taken_and_has_a_suffix(media_type: str) -> None:
    assert media_type in CONTENT_TYPES
    assert suffix_of(media_type) in SUFFIXES
    (image,) = parse_request(FILES["PPM"], media_type, RequestLimits())
    assert np.array_equal(image.pixels, blocks())


def test_suffixes_of_captures() -> None:
    assert suffix_of("image/jpeg") == "jpg"
    assert suffix_of("image/x-portable-bitmap") == "ppm"
    assert suffix_of("application/x-npy") == "png"


def test_what_browsers_show() -> None:
    shown = [each.name for each in FORMATS if in_browsers(each.media_types[0])]
    assert shown == ["PNG", "JPEG", "WebP", "BMP"]
    assert not in_browsers("application/x-npy")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_suffix_is_taken_by_uploads_and_data_sets(tmp_path: Path, suffix: str) -> None:
    assert suffix in UPLOAD_TYPES
    folder = tmp_path / "14"
    folder.mkdir()
    (folder / f"sign.{suffix.upper()}").write_bytes(FILES["PPM"])
    (read,) = datasets.load(tmp_path).images
    assert np.array_equal(read, blocks())


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"Pf\n1 1\n-1.0\n\0\0\0\0", "a PFM, whose numbers have no fixed white: save it as PNG"),
        (b"PF 1 1 1.0\n" + b"\0" * 12, "a PFM, whose numbers have no fixed white: save it as PNG"),
        (b"P7\nWIDTH 1\n", "a PAM: save it as PNG"),
        (b"PyRGBA\n1 1\n255\n", "none of them"),
    ],
)
def test_kin_of_ppm_are_named(content: bytes, kind: str) -> None:
    with raises(UnsupportedMedia, f"expected a {READABLE} file; this is {kind}"):
        format_of(content)
