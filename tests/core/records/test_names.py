"""Names that SageMaker takes, and others."""

import pytest

from core.errors import BadInput
from core.records.names import check_endpoint_name, check_name
from tests.support.expect import raises


@pytest.mark.parametrize("name", ["a", "7", "DEMO-endpoint", "a--b", "0-0", "a" * 63])
def test_letters_digits_and_inner_hyphens_make_a_name(name: str) -> None:
    assert check_endpoint_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "-", "-a", "a-", "a" * 64, "a b", "a_b", "a/b", "..", "ä", "²", "٣", "a\n", "a\nb", "a\0"],
)
def test_anything_else_is_refused(name: str) -> None:
    with raises(
        BadInput,
        f"schedule name must be 1 to 63 letters, digits and inner hyphens, got {name!r}",
    ):
        check_name(name, "schedule name")
