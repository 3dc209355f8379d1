"""A triage session: what is open in one window, what comes next, undo.

What is open is in work for its holder, so that others get something else. What comes next is known
ahead: after a verdict it takes one small transaction, however long the log is.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from core.errors import NotFound
from core.records.analysts import Analyst
from core.records.captures import Capture
from core.records.triage import LEASE, Assignment, Group, Holder, Opened, Queue, Wanted
from core.records.verdicts import Decision, GivenVerdict, Recorded, TriageItem
from core.triage.suggestions import sender_class, suggested_classes
from core.triage.verdicts import Verdicts

GROUPS = 12  # of the queue that are read ahead
MOST_BEFORE = 100  # openings that `back` leads through


class TriageSession:
    """The work in one window; its thread alone uses it.

    wanted: what comes next is chosen from this; queue: as it was last read; group: the name of the
    one in work.
    """

    def __init__(self, verdicts: Verdicts, analyst: Analyst) -> None:
        self.analyst = analyst
        self.holder = Holder(analyst.name, uuid.uuid4().hex)
        self.wanted = Wanted()
        self.queue = Queue()
        self.opened: Opened | None = None
        self._verdicts = verdicts
        self._queue = verdicts.queue
        self._turn = 0
        self.group: str | None = None
        self._groups: dict[str, str] = {}  # of what comes next: id -> group
        self._passed_over: list[str] = []
        self._before: list[str] = []
        self._given: list[tuple[Decision, ...]] = []

    def want(self, wanted: Wanted) -> None:
        """Choose from something else; what is open stays open."""
        if wanted != self.wanted:
            self.wanted = wanted
            self._passed_over.clear()
            self._groups.clear()

    def read_queue(self) -> Queue:
        """Read the queue anew, and with it what comes next."""
        opened = [self.opened.capture_id] if self.opened else []
        self.queue = self._queue.queue(
            self.wanted,
            self.holder,
            self._verdicts.clock(),
            limit=GROUPS,
            current=self.group,
            passed_over=[*opened, *self._passed_over],
        )
        order = sorted(
            self.queue.groups,
            key=lambda group: (group.first != self.group, group.elsewhere > 0),
        )
        self._groups = {name: group.first for group in order for name in group.free}
        return self.queue

    @property
    def ahead(self) -> list[str]:
        """Ids of what comes next, as far as it is known."""
        return list(self._groups)

    def next(self) -> Opened | None:
        """Open what comes next; what was passed over comes last. None: nothing waits."""
        self._leave()
        return self._advance()

    def enter(self, group: Group) -> Opened:
        """Open the most suspicious of a group that is free by now; raises NotFound.

        Where nothing was free when it was read, what is shown of it.
        """
        before, self.group = self.group, group.first
        if not group.free:
            return self.open(group.shown)
        found = [each for each in self.read_queue().groups if each.first == group.first]
        taken = self._take([name for each in found for name in each.free])
        if not taken:
            self.group = before
            raise NotFound("nothing of this group is free any more: decided, or in work elsewhere")
        return self.open(taken[0])

    def open(self, capture_id: str) -> Opened:
        """Open one that was asked for; raises NotFound.

        It comes over from another window of the same analyst, and from nobody else.
        """
        item = self._verdicts.log.capture(capture_id)
        self._leave()
        if item.decision is None:
            self._take([capture_id], also_from=self.holder.analyst)
        return self._show(item)

    def later(self) -> Opened | None:
        """Leave what is open for later, and open what comes next."""
        if self.opened:
            self._passed_over.append(self.opened.capture_id)
        return self.next()

    def back(self) -> Opened | None:
        """Open again what was open before this, if the log still has it."""
        left = self.opened.capture_id if self.opened else None
        while self._before:
            with suppress(NotFound):
                opened = self.open(self._before.pop())
                self._before = [name for name in self._before if name != left]
                return opened
        return self.opened

    def keep(self) -> None:
        """Keep what is open for this session while somebody works on it."""
        opened = self.opened
        if opened and opened.until and opened.until - self._verdicts.clock() < LEASE / 2:
            self._take([opened.capture_id])
            until, elsewhere = self._held(opened.capture_id)
            self.opened = replace(opened, until=until, elsewhere=elsewhere)

    def decide(self, turn: int, given: GivenVerdict) -> Recorded | None:
        """Record a verdict on what is open, and open what comes next. None: the turn is over.

        Raises BadInput and Forbidden; then nothing is recorded, and the same stays open.
        """
        opened = self.opened
        if opened is None or opened.turn != turn:
            return None
        return self._done(
            self._verdicts.decide(
                [opened.item.capture], given, by=self.analyst, known=opened.decisions
            )
        )

    def decide_all(
        self, turn: int, others: Sequence[Capture], given: GivenVerdict
    ) -> Recorded | None:
        """The same for others too, except those that somebody else has in work, or decided."""
        opened = self.opened
        if opened is None or opened.turn != turn:
            return None
        self._verdicts.check(opened.item.capture, given, by=self.analyst)
        taken = set(self._take([each.capture_id for each in others], most=len(others)))
        captures = [each for each in others if each.capture_id in taken]
        recorded = self._done(
            self._verdicts.decide(
                [opened.item.capture, *captures], given, by=self.analyst, known=opened.decisions
            )
        )
        return replace(recorded, left_out=len(others) - len(captures))

    @property
    def can_undo(self) -> bool:
        """Whether there is a verdict of this window to take back."""
        return bool(self._given)

    def undo(self) -> tuple[Decision, ...]:
        """Take back the last verdict given in this window, and open what it was about."""
        if not self._given:
            return ()
        self._verdicts.take_back(self._given[-1], by=self.analyst)
        decisions = self._given.pop()
        with suppress(NotFound):  # deleted meanwhile: there is nothing to open
            self.open(decisions[0].capture_id)
        return decisions

    def _done(self, recorded: Recorded) -> Recorded:
        if recorded.decisions:
            self._given.append(recorded.decisions)
        self._leave(decided=True)
        self._advance()
        return recorded

    def _advance(self) -> Opened | None:
        if self._open_first():
            return self.opened
        # What was passed over last comes last of all.
        for passed_over in (self._passed_over, self._passed_over[-1:], []):
            self._passed_over = passed_over
            self.read_queue()
            if self._open_first():
                break
        return self.opened

    def _open_first(self) -> bool:
        """Open the first of what comes next that nobody has, and that the log still has."""
        while taken := self._take(self.ahead):
            self.group = self._groups.pop(taken[0])
            with suppress(NotFound):
                self._show(self._verdicts.log.capture(taken[0]))
                return True
        self._groups.clear()
        return False

    def _leave(self, *, decided: bool = False) -> None:
        if self.opened is None:
            return
        name = self.opened.capture_id
        self._before = [*self._before, name][-MOST_BEFORE:]
        if self.opened.until and not decided:
            self._queue.give_back(name, self.holder, self._verdicts.clock())
        self.opened = None

    def _show(self, item: TriageItem) -> Opened:
        self._turn += 1
        name = item.capture.capture_id
        trail = tuple(self._verdicts.trail(name))
        held = self._held(name) if item.decision is None else (None, None)
        suggested = tuple(suggested_classes(item.capture))
        self.opened = Opened(self._turn, item, trail, suggested, sender_class(item.capture), *held)
        return self.opened

    def _take(
        self, capture_ids: Sequence[str], *, most: int = 1, also_from: str | None = None
    ) -> list[str]:
        """Those of them that nobody else has; an analyst who may not decide takes nothing."""
        if not self.analyst.may_decide:
            return list(capture_ids)[:most]
        return self._queue.take(
            capture_ids, self.holder, self._verdicts.clock(), most=most, also_from=also_from
        )

    def _held(self, capture_id: str) -> tuple[datetime | None, Assignment | None]:
        """Until when it is kept for this session; who else has it."""
        held = self._queue.assignment(capture_id, self._verdicts.clock())
        if held is None:
            return None, None
        return (held.until, None) if held.holder == self.holder else (None, held)
