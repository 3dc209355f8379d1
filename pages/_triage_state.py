"""The work of one window on the Triage page: what is open, what is chosen for it, what was told.

Keys and buttons change it in callbacks, before the page is drawn. Each is bound to the turn that
it was drawn in: what is pressed late, or twice, does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from core.desk import Closeup, Recorded, Said, Sitting, said_right
from core.errors import SignwatchError
from core.labels import class_name
from core.services import current
from core.triage import NEEDS_RIGHT_CLASS
from core.types import Capture, Decision, Verdict
from core.worklist import Group, Status
from pages import _user

SITTING, DRAFT, TOLD, MOVED = "triage_sitting", "triage_draft", "triage_told", "triage_moved"
ONE, ALIKE, GROUP, CHOSEN = "one", "alike", "group", "chosen"  # what a verdict is given to


@dataclass
class Draft:
    """What is chosen so far for what is open. pending: a verdict that waits for its right class."""

    turn: int
    right_class: int | None = None
    pending: Verdict | None = None
    given_to: str = ONE
    chosen: set[str] = field(default_factory=set)
    all_signs: bool = False
    tiles: bool = False


@dataclass(frozen=True)
class Told:
    """Something to be said at the next drawing. kind: a coloured box of Streamlit's."""

    kind: str
    text: str


def sitting() -> Sitting:
    """This window's; another analyst gets another one."""
    known = st.session_state.get(SITTING)
    analyst = _user.analyst()
    if known is None or known.analyst != analyst:
        known = st.session_state[SITTING] = Sitting(current().desk, analyst)
    return known


def draft() -> Draft:
    """What is chosen for what is open; a new one for each opening, as the sender proposes."""
    opened = sitting().opened
    turn = opened.turn if opened else 0
    known = st.session_state.get(DRAFT)
    if known is None or known.turn != turn:
        proposed = said_right(opened.item.capture) if opened else None
        known = st.session_state[DRAFT] = Draft(turn, proposed)
    return known


def told() -> list[Told]:
    """What is to be said, once."""
    return st.session_state.pop(TOLD, [])


def tell(kind: str, text: str) -> None:
    """Say something at the next drawing."""
    st.session_state.setdefault(TOLD, []).append(Told(kind, text))


def closeup() -> Closeup | None:
    """The close look at what is open, once it is made."""
    opened = sitting().opened
    return current().closeups.get(opened.capture_id) if opened else None


def others() -> list[Capture]:
    """What a verdict is given to beside what is open: those of its group that have none yet."""
    chosen, opened, seen = draft(), sitting().opened, closeup()
    if opened is None or seen is None:
        return []
    found = [
        tile.capture for tile in seen.group if tile.capture.capture_id != opened.capture_id and (
            tile.capture.capture_id in chosen.chosen if chosen.given_to == CHOSEN
            else chosen.given_to == GROUP or (chosen.given_to == ALIKE and tile.alike)
        )
    ]  # fmt: skip
    desk = current().desk
    standing = desk.worklist.standing([each.capture_id for each in found], desk.clock())
    return [each for each in found if standing[each.capture_id].status is not Status.DONE]


# Callbacks


def give(turn: int, verdict: Verdict) -> None:
    """Record a verdict, or ask for the right class first."""
    st.session_state[MOVED] = True
    chosen, here = draft(), sitting()
    if chosen.turn != turn:
        return
    if verdict in NEEDS_RIGHT_CLASS and chosen.right_class is None:
        chosen.pending = verdict
        return
    note = st.session_state.get(f"triage_note_{turn}") or ""
    said = Said(verdict, chosen.right_class if verdict in NEEDS_RIGHT_CLASS else None, note)
    try:
        if chosen.given_to == ONE:
            recorded = here.decide(turn, said)
        else:
            recorded = here.decide_all(turn, others(), said)
    except SignwatchError as error:
        chosen.pending = None
        tell("error", str(error))
        return
    if recorded:
        _tell_of(recorded)


def choose(turn: int, class_id: int | None) -> None:
    """Take a right class; a verdict that waited for it is recorded."""
    st.session_state[MOVED] = True
    chosen = draft()
    if chosen.turn != turn:
        return
    chosen.right_class, chosen.all_signs = class_id, False
    if chosen.pending and class_id is not None:
        give(turn, chosen.pending)


def choose_typed(turn: int) -> None:
    """Take the right class that was typed."""
    choose(turn, st.session_state.get(f"triage_class_{turn}"))


def give_to(turn: int, which: str) -> None:
    """Let the verdict go to several, or to one again."""
    st.session_state[MOVED] = True
    if draft().turn == turn:
        draft().given_to = ONE if draft().given_to == which else which


def mark(turn: int, capture_id: str) -> None:
    """Choose one of the group, or no longer; the verdict goes to what is chosen."""
    st.session_state[MOVED] = True
    if draft().turn == turn:
        draft().chosen ^= {capture_id}
        draft().given_to = CHOSEN if draft().chosen else ONE


def toggle(turn: int, what: str) -> None:
    """Show or hide `all_signs` or `tiles`."""
    st.session_state[MOVED] = True
    if draft().turn == turn:
        setattr(draft(), what, not getattr(draft(), what))


def later() -> None:
    """Leave it for later."""
    st.session_state[MOVED] = True
    sitting().later()


def back() -> None:
    """Open what was open before."""
    st.session_state[MOVED] = True
    sitting().back()


def enter(group: Group) -> None:
    """Go on in that group."""
    st.session_state[MOVED] = True
    try:
        sitting().enter(group)
    except SignwatchError as error:
        tell("warning", str(error))


def undo() -> None:
    """Take the last verdict back."""
    st.session_state[MOVED] = True
    try:
        decisions = sitting().undo()
    except SignwatchError as error:
        tell("error", str(error))
        return
    if decisions:
        tell("info", f"Taken back: {_in_words(decisions[0], len(decisions))}.")


def take_back(decision: Decision) -> None:
    """Take back a verdict that stands in the trail of what is open."""
    st.session_state[MOVED] = True
    here = sitting()
    try:
        current().desk.take_back([decision], by=here.analyst)
        here.open(decision.capture_id)
    except SignwatchError as error:
        tell("error", str(error))


def _tell_of(recorded: Recorded) -> None:
    count = len(recorded.decisions)
    if count:
        tell("done", _in_words(recorded.decisions[0], count))
    for other in recorded.meanwhile:
        tell("warning", f"{other.analyst} had said `{other.verdict}` of it meanwhile. Both are on "
                        "record; yours counts, as it is the later one.")  # fmt: skip
    if recorded.deleted:
        tell("warning", "Retention had deleted it meanwhile. Your verdict is on record all the "
                        "same, and comes with the audit trail.")  # fmt: skip
    if recorded.left_out:
        tell("info", f"{recorded.left_out} were left out: others have them in work, or decided "
                     "them meanwhile.")  # fmt: skip


def _in_words(decision: Decision, count: int) -> str:
    several = f"{count} x " if count > 1 else ""
    right = decision.right_class
    return f"{several}{decision.verdict}" + ("" if right is None else f", {class_name(right)}")
