"""The checkpoints of Auto-PGD."""

from __future__ import annotations

from core.attacks.apgd import checkpoints_of


def test_the_checkpoints_of_apgd() -> None:
    # Shares .22, .41, .57, .70, .80, .87, .93, .99: the gaps shrink by .03 down to .06.
    assert checkpoints_of(100) == [22, 41, 57, 70, 80, 87, 93, 99]
    assert checkpoints_of(10) == [3, 5, 6, 7, 8, 9, 10, 10]
