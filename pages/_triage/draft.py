"""What is chosen for the item that is open, and messages of the next drawing."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.records.triage import ItemContext, Opened
from core.records.verdicts import Verdict

ONE, SIMILAR, GROUP, CHOSEN = "one", "alike", "group", "chosen"  # what gets the verdict


@dataclass
class Draft:
    """What is chosen so far for what is open.

    offered: the classes that have a number; pending: a verdict that waits for its true class;
    note: as typed when the page or a button last asked; context: what the page shows around it.
    """

    turn: int
    offered: tuple[int, ...] = ()
    true_class: int | None = None
    pending: Verdict | None = None
    note: str = ""
    given_to: str = ONE
    chosen: set[str] = field(default_factory=set)
    all_signs: bool = False
    tiles: bool = False
    context: ItemContext | None = None

    @classmethod
    def of(cls, opened: Opened | None) -> Draft:
        """Nothing chosen yet, but what the sender proposes."""
        if opened is None:
            return cls(turn=0)
        return cls(opened.turn, opened.suggestions, opened.sender_class)


@dataclass(frozen=True)
class Message:
    """A message of the next drawing. kind: of its box."""

    kind: str
    text: str
