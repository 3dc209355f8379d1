"""What commands have in common: numbers as fractions."""

import click
import pytest

from core.cli import cli
from core.cli.options import share_of_range
from tests.support.expect import raises


@pytest.mark.parametrize(("text", "value"), [("8/255", 8 / 255), ("0.03", 0.03), ("1", 1.0)])
def test_fractions_are_numbers(text: str, value: float) -> None:
    assert share_of_range(click.Context(cli), cli, text) == value  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["8/0", "x", "", "nan", "1e400"])
def test_other_texts_are_no_numbers(text: str) -> None:
    with raises(click.BadParameter, f"expected a number or a fraction like 8/255, got {text!r}"):
        share_of_range(click.Context(cli), cli, text)  # type: ignore[arg-type]
