"""One error family, each with its HTTP status."""

import inspect

import pytest

from core import errors
from core.errors import BadInput, Cancelled, SignwatchError, Unavailable, of_status

STATUS = {
    "SignwatchError": 500,
    "BadInput": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "NotAllowed": 405,
    "NotAcceptable": 406,
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
def test_every_member_is_one_of_the_family_and_keeps_its_message(name: str) -> None:
    error = FAMILY[name]("expected this, got that")
    assert isinstance(error, SignwatchError)
    assert str(error) == "expected this, got that"


@pytest.mark.parametrize("name", [each for each in STATUS if each != "SignwatchError"])
def test_a_status_gives_back_its_error(name: str) -> None:
    assert of_status(STATUS[name]) is FAMILY[name]


@pytest.mark.parametrize(
    ("status", "kind"), [(402, BadInput), (499, Cancelled), (500, Unavailable), (504, Unavailable)]
)
def test_an_unknown_status_is_bad_input_or_unavailable(
    status: int, kind: type[SignwatchError]
) -> None:
    assert of_status(status) is kind


@pytest.mark.parametrize("name", [each for each in STATUS if each != "SignwatchError"])
def test_no_member_is_caught_as_another(name: str) -> None:
    assert FAMILY[name].__bases__ == (SignwatchError,)
