"""The table of attacks."""

from __future__ import annotations

from typing import get_args

import pytest

from core.attacks import (
    ATTACKS,
    get_attack,
)
from core.attacks.budget import Norm
from core.errors import BadInput
from tests.support.attacked import every_attack


@every_attack
def test_the_table_tells_what_page_and_docs_need(name: str) -> None:
    info = ATTACKS[name].info
    assert info.name == name and get_attack(name) is ATTACKS[name]
    assert info.title and info.formula
    assert info.explanation.endswith(".") and info.explanation.count(".") == 1
    assert info.norm in get_args(Norm)
    address = info.source.split(", ")[-1]
    assert address.startswith("https://") and address in (ATTACKS[name].__doc__ or "")


def test_an_unknown_attack_lists_the_known_ones() -> None:
    with pytest.raises(BadInput) as error:
        get_attack("zap")
    assert str(error.value) == f"unknown attack 'zap'; there are {', '.join(ATTACKS)}"


@pytest.mark.parametrize("name", ["sticker", "shadow", "spatial"])
def test_physical_attacks_are_described_as_such(name: str) -> None:
    info = ATTACKS[name].info
    assert (info.family, info.takes_epsilon, info.targeted) == ("physical", False, True)
    assert info.norm == ("none" if name == "spatial" else "area")
    assert info.needs_gradients == (name == "sticker")
