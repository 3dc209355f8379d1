"""Media types by name, by first bytes, and by what is accepted."""

import pytest

from core.records.media_types import media_ranges, media_type_of


@pytest.mark.parametrize(
    ("content_type", "body", "media_type"),
    [
        ("image/png", b"BM", "image/png"),
        (" Image/JPG ; a=b", b"", "image/jpeg"),
        ("text/plain", b"{}", "text/plain"),
        ("", b"\x89PNG\r\n", "image/png"),
        ("application/octet-stream", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("", b"RIFF\n\r\0\0WEBPVP8 ", "image/webp"),
        ("", b"RIFF\n\r\0\0WAVE", "application/x-image"),
        ("application/x-www-form-urlencoded", b"BM", "image/bmp"),
        ("", b"\x93NUMPY", "application/x-npy"),
        ("", b" \n{", "application/json"),
        ("", b"[", "application/json"),
        ("", b"", "application/x-image"),
        (";", b"file=1", "application/x-image"),
    ],
)
def test_the_media_type_of_a_body(content_type: str, body: bytes, media_type: str) -> None:
    assert media_type_of(content_type, body) == media_type


@pytest.mark.parametrize(
    ("accept", "ranges"),
    [
        ("*/*", {"*/*": 1.0}),
        ("Text/CSV ; Q=0.25", {"text/csv": 0.25}),
        ("a/b;q=1.000, a/c;q=0, a/d;q=0.", {"a/b": 1.0, "a/c": 0.0, "a/d": 0.0}),
        ("a/b;q=2, a/c;q=-1, a/d;q=0.1234", {"a/b": 1.0, "a/c": 1.0, "a/d": 1.0}),
        ('a/b;x="1,2";q=0.5,a/c', {"a/b": 0.5, "a/c": 1.0}),
        ("a/b;q=0.1, a/b;q=0.9", {"a/b": 0.1}),
        ("application/json; verbose=true;q=0.3", {"application/json;verbose=true": 0.3}),
        (",, ;q=1,", {}),
        ('"', {'"': 1.0}),
    ],
)
def test_how_much_each_range_is_liked(accept: str, ranges: dict[str, float]) -> None:
    assert media_ranges(accept) == ranges
