"""Untrusted JSON: what is read, and the limits on it."""

import pytest

from core.capture.files.documents import MAX_DIGITS, decode, parse_document
from core.errors import BadInput
from tests.support.expect import raises


def test_an_object_is_read() -> None:
    assert decode(b'{"a": [1, 2.5, "\xc3\xa9", null]}') == {"a": [1, 2.5, "\u00e9", None]}


def test_anything_but_an_object_is_refused() -> None:
    with raises(BadInput, "expected a JSON object, got list"):
        decode(b"[1]")


def test_half_of_a_surrogate_pair_is_no_text() -> None:
    with raises(BadInput, "half of a surrogate pair, which is no text"):
        decode(b'{"a": "\\ud83d"}')
    assert decode(b'{"a": "\\ud83d\\ude00"}') == {"a": "\U0001f600"}


def test_an_integer_may_have_so_many_digits() -> None:
    assert parse_document("9" * MAX_DIGITS) == int("9" * MAX_DIGITS)
    with raises(BadInput, "no JSON: an integer of 401 digits is too large"):
        parse_document("9" * (MAX_DIGITS + 1))


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "[" * 100_000])
def test_what_json_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_document(text)
