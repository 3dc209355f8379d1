"""The work of one window on the Triage page: what is open, what is chosen for it, messages.

Keys and buttons change it before the page is drawn. Each is bound to the turn that it was drawn
in: what is pressed late, or twice, does nothing. Once it has begun, nothing of it asks Streamlit
for anything: whatever does may be broken off by the next event, and would be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from core.errors import SignwatchError
from core.labels import class_name
from core.records.triage import Group, ItemContext, Status
from core.records.verdicts import Decision, GivenVerdict, Recorded, Verdict
from core.services import TriageSession
from pages._shared import user
from pages._shared.keys import Press
from pages._shared.user import current
from pages._triage import keys
from pages._triage.draft import CHOSEN, GROUP, ONE, SIMILAR, Draft, Message
from pages._triage.view import TriageView

WORK = "triage_work"


@dataclass
class Work:
    """What keys and buttons act on.

    messages: shown at the next drawing; visit: of the page, as `visits` counts them; address: what
    it asked for when the page was entered, or what was written since; handled: number of the last
    key.
    """

    session: TriageSession
    draft: Draft = field(default_factory=lambda: Draft.of(None))
    messages: list[Message] = field(default_factory=list)
    visit: int = 0
    address: dict[str, str] = field(default_factory=dict)
    handled: int = 0

    def begin_turn(self) -> None:
        """Forget what was chosen for what was open before."""
        opened = self.session.opened
        if self.draft.turn != (opened.turn if opened else 0):
            self.draft = Draft.of(opened)

    @property
    def place(self) -> str:
        """What a key has to be bound to, to count."""
        return f"{self.session.holder.window} {self.draft.turn}"

    def press(self, presses: Sequence[Press]) -> None:
        """Act on keys, in their order, each once."""
        for each in presses:
            if each.number <= self.handled:
                continue
            self.handled = each.number
            window, _, turn = each.place.partition(" ")
            if window == self.session.holder.window and turn.isdecimal():
                self._act(each.key, int(turn))

    def _act(self, key: str, turn: int) -> None:
        if key in VERDICTS:
            self.give(turn, VERDICTS[key])
        elif key.isdecimal():
            offered = dict(enumerate(self.draft.offered, start=1))
            if int(key) in offered:
                self.choose(turn, offered[int(key)])
        elif key in (keys.SIMILAR, keys.GROUP):
            self.give_to(turn, SIMILAR if key == keys.SIMILAR else GROUP)
        elif key == keys.CLOSE:
            self.close_signs(turn)
        elif key in (keys.TILES, keys.ALL_SIGNS):
            self.toggle(turn, "tiles" if key == keys.TILES else "all_signs")
        elif key in WAYS:
            WAYS[key](self)

    def report(self, kind: str, text: str) -> None:
        """Show a message at the next drawing."""
        self.messages.append(Message(kind, text))

    def context(self) -> ItemContext | None:
        """The context of what is open, once it is built; as it was first shown from then on."""
        opened = self.session.opened
        if opened is None or self.draft.context:
            return self.draft.context
        return current().triage.contexts.get(opened.capture_id)

    def others(self) -> list[str]:
        """Ids of what gets the verdict beside what is open: those of the group without one."""
        chosen, opened, context = self.draft, self.session.opened, self.draft.context
        if opened is None or context is None:
            return []
        found = {
            GROUP: context.members,
            SIMILAR: [name for tile in context.group if tile.similar for name in tile.copies],
            CHOSEN: [
                name
                for tile in context.group
                if tile.capture.capture_id in chosen.chosen
                for name in tile.copies
            ],
        }.get(chosen.given_to, ())
        return waiting([name for name in found if name != opened.capture_id])

    def give(self, turn: int, verdict: Verdict) -> None:
        """Record a verdict, or ask for the true class first."""
        chosen, here = self.draft, self.session
        if chosen.turn != turn:
            return
        if verdict.needs_true_class and chosen.true_class is None:
            chosen.pending = verdict
            return
        right = chosen.true_class if verdict.needs_true_class else None
        given = GivenVerdict(verdict, right, chosen.note)
        try:
            if chosen.given_to == ONE:
                recorded = here.decide(turn, given)
            else:
                others = current().triage.several(self.others())
                recorded = here.decide_all(turn, others, given)
        except SignwatchError as error:
            chosen.pending = None
            self.report("error", str(error))
            return
        self.begin_turn()
        if recorded:
            self._report_result(recorded)

    def choose(self, turn: int, class_id: int | None) -> None:
        """Take a true class; a verdict that waited for it is recorded."""
        chosen = self.draft
        if chosen.turn != turn:
            return
        chosen.true_class, chosen.all_signs = class_id, False
        if class_id is not None and class_id not in chosen.offered:
            chosen.offered = (class_id, *chosen.offered)[: len(chosen.offered) or 1]
        if chosen.pending and class_id is not None:
            self.give(turn, chosen.pending)

    def give_to(self, turn: int, which: str) -> None:
        """Let the verdict go to several, or to one again; to none that the page does not show."""
        if self.draft.turn == turn and self.draft.context:
            self.draft.given_to = ONE if self.draft.given_to == which else which

    def mark(self, turn: int, capture_id: str) -> None:
        """Choose one of the group, or no longer; the verdict goes to what is chosen."""
        if self.draft.turn == turn:
            self.draft.chosen ^= {capture_id}
            self.draft.given_to = CHOSEN if self.draft.chosen else ONE

    def toggle(self, turn: int, what: str) -> None:
        """Show or hide `all_signs` or `tiles`."""
        if self.draft.turn == turn:
            setattr(self.draft, what, not getattr(self.draft, what))

    def close_signs(self, turn: int) -> None:
        """Hide all signs."""
        if self.draft.turn == turn:
            self.draft.all_signs = False

    def later(self) -> None:
        """Leave it for later."""
        self.session.later()
        self.begin_turn()

    def back(self) -> None:
        """Open what was open before."""
        self.session.back()
        self.begin_turn()

    def open(self, capture_id: str) -> None:
        """Open one that was asked for."""
        try:
            self.session.open(capture_id)
        except SignwatchError as error:
            self.report("error", str(error))
        self.begin_turn()

    def list(self, **changes: str | None) -> None:
        """List something else; what changes is named as in `TriageView`."""
        view, _ = TriageView.read(self.address)
        self.address = replace(view, capture=None, **changes).write()

    def enter(self, group: Group) -> None:
        """Go on in that group."""
        try:
            self.session.enter(group)
        except SignwatchError as error:
            self.report("warning", str(error))
        self.begin_turn()

    def undo(self) -> None:
        """Take the last verdict back."""
        try:
            decisions = self.session.undo()
        except SignwatchError as error:
            self.report("error", str(error))
            return
        self.begin_turn()
        if decisions:
            self.report("info", f"Taken back: {_in_words(decisions[0], len(decisions))}.")

    def take_back(self, decision: Decision) -> None:
        """Take back a verdict that stands in the trail of what is open."""
        try:
            current().triage.take_back([decision], by=self.session.analyst)
        except SignwatchError as error:
            self.report("error", str(error))
            return
        self.open(decision.capture_id)

    def _report_result(self, recorded: Recorded) -> None:
        count = len(recorded.decisions)
        if count:
            self.report("done", _in_words(recorded.decisions[0], count))
        for other in recorded.meanwhile:
            self.report(
                "warning",
                f"{other.analyst} gave the verdict `{other.verdict.words}` meanwhile. "
                "Both are on record; yours counts, as it is later.",
            )
        if recorded.deleted:
            self.report(
                "warning",
                "Retention deleted the capture meanwhile. Your verdict is on record, and in the "
                "audit trail.",
            )
        if recorded.left_out:
            self.report(
                "info",
                f"{recorded.left_out} were left out: others have them in work, or "
                "decided them meanwhile.",
            )


VERDICTS = {key: verdict for verdict, key in keys.VERDICTS.items()}
WAYS = {keys.LATER: Work.later, keys.BACK: Work.back, keys.UNDO: Work.undo}


def work() -> Work:
    """This window's, with the note as it is typed; another analyst gets another one."""
    known = st.session_state.get(WORK)
    analyst = user.analyst()
    if known is None or known.session.analyst != analyst:
        known = st.session_state[WORK] = Work(current().triage.session(analyst))
    known.draft.note = st.session_state.get(f"triage_note_{known.draft.turn}") or ""
    return known


def waiting(capture_ids: Sequence[str]) -> list[str]:
    """Those of them that have no verdict."""
    standing = current().triage.standing(capture_ids)
    return [name for name in capture_ids if standing[name].status is not Status.DONE]


def do(act: Callable[..., None], *arguments: Any, **options: Any) -> None:
    """What a button calls: an act of this window's work."""
    act(work(), *arguments, **options)


def choose_typed(turn: int) -> None:
    """Take the true class that was typed."""
    class_id = st.session_state.get(f"triage_class_{turn}")
    work().choose(turn, class_id)


def _in_words(decision: Decision, count: int) -> str:
    several = f"{count} x " if count > 1 else ""
    right = decision.true_class
    return f"{several}{decision.verdict.words}" + (
        "" if right is None else f", {class_name(right)}"
    )
