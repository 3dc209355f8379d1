"""One error family, each with its HTTP status."""

import inspect

import pytest

from core import errors
from core.errors import SignwatchError

STATUS = {
    "SignwatchError": 500,
    "BadInput": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "TooSlow": 408,
    "Conflict": 409,
    "TooLarge": 413,
    "UnsupportedMedia": 415,
    "Cancelled": 499,
    "Unavailable": 503,
}
FAMILY = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}


def test_the_family_is_known_in_full() -> None:
    assert {name: kind.status for name, kind in FAMILY.items()} == STATUS


@pytest.mark.parametrize("name", STATUS)
def test_every_member_is_one_of_the_family_and_says_what_it_was_told(name: str) -> None:
    error = FAMILY[name]("expected this, got that")
    assert isinstance(error, SignwatchError)
    assert str(error) == "expected this, got that"


@pytest.mark.parametrize("name", [each for each in STATUS if each != "SignwatchError"])
def test_no_member_is_caught_as_another(name: str) -> None:
    assert FAMILY[name].__bases__ == (SignwatchError,)
