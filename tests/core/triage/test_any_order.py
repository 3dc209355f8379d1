"""Triage in any order of events, several windows at work, beside a model in plain lists."""

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.errors import NotFound
from core.records.analysts import Analyst
from core.records.captures import Capture, Provenance
from core.records.drills import MARK
from core.records.queries import CaptureFilter
from core.records.triage import LEASE, PAUSE
from core.records.verdicts import Decision, GivenVerdict, Recorded, Verdict
from core.store import CaptureLog, QueueTable
from core.store.queue import AHEAD
from core.triage.session import GROUPS, TriageSession
from core.triage.verdicts import Verdicts
from tests.core.triage.conftest import Clock, delete
from tests.support.records import NOON, make_capture, make_prediction

SECOND = timedelta(seconds=1)
ADA, BO = Analyst("ada"), Analyst("bo")
WINDOWS = (ADA, ADA, BO)  # an analyst each
GIVEN = [
    GivenVerdict(Verdict.ADVERSARIAL, 1),
    GivenVerdict(Verdict.FALSE_POSITIVE),
    GivenVerdict(Verdict.UNREADABLE),
]


@dataclass
class Item:
    """A flagged capture as the model knows it. taken: by which window and until when."""

    capture: Capture
    there: bool = True
    decisions: list[Decision] = field(default_factory=list)
    withdrawn: list[Decision] = field(default_factory=list)
    taken: tuple[str, datetime] | None = None

    @property
    def standing(self) -> list[Decision]:
        return [each for each in self.decisions if each not in self.withdrawn]

    @property
    def waits(self) -> bool:
        drill = (self.capture.provenance.source or "").startswith(MARK)
        return self.there and not self.standing and not drill

    @property
    def p_value(self) -> float | None:
        return self.capture.suspicion.p_value

    @property
    def suspicion(self) -> tuple[float, timedelta, str]:
        """The most suspicious is the least; of equal ones the newest."""
        p_value = 1 if self.p_value is None else self.p_value
        at = self.capture.inferred_at
        return p_value, datetime.max.replace(tzinfo=at.tzinfo) - at, self.capture.capture_id

    def holder(self, at: datetime) -> str | None:
        return self.taken[0] if self.taken and self.taken[1] > at else None


class Triage(RuleBasedStateMachine):
    """Three windows of two analysts over one log."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.log = CaptureLog(self.folder / "log.duckdb")
        self.clock = Clock()
        self.verdicts = Verdicts(self.log, QueueTable(self.log.database), clock=self.clock)
        self.windows = [TriageSession(self.verdicts, analyst) for analyst in WINDOWS]
        self.given: list[list[tuple[Decision, ...]]] = [[] for _ in WINDOWS]
        self.items: dict[str, Item] = {}

    @initialize()
    def some_wait(self) -> None:
        for number in range(4):
            self.arrive(number % 2 * 0.001 + 0.001, 14, number, "cam")

    # What may happen

    @rule(
        p_value=st.sampled_from([None, 0.001, 0.002, 0.003]),
        class_id=st.sampled_from([2, 14]),
        seconds=st.sampled_from([1, 4, 300, 700]),
        source=st.sampled_from(["cam", None, f"{MARK}one/0"]),
    )
    def arrive(
        self, p_value: float | None, class_id: int, seconds: float, source: str | None
    ) -> None:
        capture = make_capture(
            event_id=str(len(self.items)),  # by chance, ids would come in another order each time
            inferred_at=NOON + seconds * SECOND,
            provenance=Provenance(source=source),
            prediction=make_prediction(class_id, p_value=p_value, flagged=True),
        )
        self.log.append([capture], [])
        self.items[capture.capture_id] = Item(capture)

    @rule(share=st.sampled_from([0.1, 0.6, 1.1]))
    def time_passes(self, share: float) -> None:
        self.clock.wait(share * LEASE)

    @rule(data=st.data())
    def retention_deletes(self, data: st.DataObject) -> None:
        item = self.items[data.draw(st.sampled_from(list(self.items)))]
        delete(self.log, item.capture)
        item.there = False

    # What an analyst may do

    windows_drawn = st.integers(0, len(WINDOWS) - 1)

    @rule(number=windows_drawn)
    def read_queue(self, number: int) -> None:
        window = self.windows[number]
        queue = window.read_queue()
        waiting = [item for item in self.items.values() if item.waits]
        assert queue.waiting == len(waiting)
        assert queue.in_work == sum(self.holder(item) is not None for item in waiting)
        assert [vars(group) for group in queue.groups] == self.expected_groups(window)[:GROUPS]

    @rule(number=windows_drawn, way=st.sampled_from(["next", "later"]))
    def go_on(self, number: int, way: str) -> None:
        window = self.windows[number]
        self.leave(window)
        getattr(window, way)()
        self.something_opened(window)

    @rule(number=windows_drawn, data=st.data())
    def open(self, number: int, data: st.DataObject) -> None:
        there = [name for name, item in self.items.items() if item.there]
        if not there:
            return
        window, name = self.windows[number], data.draw(st.sampled_from(there))
        self.leave(window)
        assert window.open(name).capture_id == name
        self.asked_for_opened(window)

    @precondition(lambda self: any(window.queue.groups for window in self.windows))
    @rule(data=st.data())
    def enter(self, data: st.DataObject) -> None:
        """A group of a queue that may have been read long ago."""
        known = [(window, group) for window in self.windows for group in window.queue.groups]
        window, group = known[data.draw(st.integers(0, len(known) - 1))]
        left, now = window.opened, self.expected_groups(window)
        free = [name for each in now if each["first"] == group.first for name in each["free"]]
        if not group.free:
            free = [group.shown] if self.items[group.shown].there else []
        if not free:
            with pytest.raises(NotFound):
                window.enter(group)
            assert window.opened is left
            return
        self.leave(window)
        assert window.enter(group).capture_id == free[0]
        self.asked_for_opened(window)

    @precondition(lambda self: any(window.opened for window in self.windows))
    @rule(data=st.data(), given=st.sampled_from(GIVEN), late=st.booleans(), group=st.booleans())
    def decide(self, data: st.DataObject, given: GivenVerdict, late: bool, group: bool) -> None:
        open_ones = [number for number, window in enumerate(self.windows) if window.opened]
        number = data.draw(st.sampled_from(open_ones))
        window = self.windows[number]
        opened, turn = window.opened, window.opened.turn - late
        shown = self.items[opened.capture_id]
        others = [
            item for item in self.items.values() if group and item.there and item is not shown
        ]
        seen = opened.decisions
        mine = [item for item in others if not item.standing and self.free(item, window)]
        before = [each for item in (shown, *mine) for each in item.standing]
        if group:
            captures = [item.capture for item in others]
            recorded = window.decide_all(turn, captures, given)
        else:
            recorded = window.decide(turn, given)
        if late:
            assert recorded is None
            assert window.opened is opened
            return
        self.check_recorded(recorded, given, window.analyst.name, [shown, *mine])
        assert recorded.meanwhile == tuple(
            each for each in self.by_time(before) if each not in seen
        )
        assert recorded.left_out == len(others) - len(mine)
        for item, decision in zip((shown, *mine), recorded.decisions, strict=True):
            item.decisions.append(decision)
        for item in mine:
            item.taken = window.holder.window, recorded.decisions[0].decided_at + LEASE
        self.given[number].append(recorded.decisions)
        self.something_opened(window)

    @rule(number=windows_drawn)
    def undo(self, number: int) -> None:
        window, given = self.windows[number], self.given[number]
        assert window.can_undo == bool(given)
        if not given:
            assert window.undo() == ()
            return
        last = given.pop()
        item = self.items[last[0].capture_id]
        if item.there:
            self.leave(window)
        assert window.undo() == last
        for decision in last:
            self.items[decision.capture_id].withdrawn.append(decision)
        if item.there:
            assert window.opened.capture_id == item.capture.capture_id
            self.asked_for_opened(window)

    @rule(number=windows_drawn)
    def keep(self, number: int) -> None:
        window = self.windows[number]
        before = window.opened and window.opened.until
        window.keep()
        if window.opened and window.opened.until not in (None, before):
            self.take(window)

    # The model

    def holder(self, item: Item) -> str | None:
        return item.holder(self.clock.time)

    def free(self, item: Item, window: TriageSession) -> bool:
        return self.holder(item) in (None, window.holder.window)

    @staticmethod
    def by_time(decisions: Iterable[Decision]) -> list[Decision]:
        return sorted(decisions, key=lambda each: (each.decided_at, each.analyst))

    def leave(self, window: TriageSession) -> None:
        """What is open becomes free again, if it still is this window's."""
        if window.opened and window.opened.until:
            item = self.items[window.opened.capture_id]
            if self.holder(item) == window.holder.window:
                item.taken = None

    def something_opened(self, window: TriageSession) -> None:
        """What waits and is free is opened, if there is any, and is in work here from now on."""
        free = {name for name, item in self.items.items() if item.waits and self.free(item, window)}
        opened = window.opened
        assert (opened is None) == (not free)
        if opened:
            assert opened.capture_id in free
            self.take(window)

    def asked_for_opened(self, window: TriageSession) -> None:
        """It is in work here from now on, unless it is decided, or in work with somebody else."""
        item = self.items[window.opened.capture_id]
        own = [each.holder.window for each in self.windows if each.analyst == window.analyst]
        if item.standing or self.holder(item) not in (None, *own):
            assert window.opened.until is None
        else:
            self.take(window)

    def take(self, window: TriageSession) -> None:
        until = window.opened.until
        assert timedelta(0) <= self.clock.time + LEASE - until < SECOND
        self.items[window.opened.capture_id].taken = window.holder.window, until

    def check_recorded(
        self, recorded: Recorded, given: GivenVerdict, analyst: str, items: Sequence[Item]
    ) -> None:
        assert [
            (each.capture_id, each.verdict, each.true_class, each.analyst)
            for each in recorded.decisions
        ] == [
            (
                item.capture.capture_id,
                given.verdict,
                item.capture.class_id
                if given.verdict is Verdict.FALSE_POSITIVE
                else given.true_class,
                analyst,
            )
            for item in items
        ]
        assert recorded.deleted == sum(not item.there for item in items)

    def expected_groups(self, window: TriageSession) -> list[dict[str, Any]]:
        series: dict[tuple[Any, ...], list[Item]] = {}
        for item in self.items.values():
            capture = item.capture
            key = capture.endpoint, capture.provenance.source, capture.class_id
            if item.there:
                series.setdefault(key, []).append(item)
        groups: list[list[Item]] = []
        for members in series.values():
            members.sort(key=lambda item: (item.capture.inferred_at, item.capture.capture_id))
            for place, item in enumerate(members):
                at = item.capture.inferred_at
                if place and at - members[place - 1].capture.inferred_at <= PAUSE:
                    groups[-1].append(item)
                else:
                    groups.append([item])
        passed_over = {*window._passed_over}
        if window.opened:
            passed_over.add(window.opened.capture_id)
        found = []
        for group in groups:
            waiting = sorted((i for i in group if i.waits), key=lambda item: item.suspicion)
            first, last = group[0].capture, group[-1].capture
            if not waiting:
                continue
            p_values = [item.p_value for item in waiting if item.p_value is not None]
            free = [
                item.capture.capture_id
                for item in waiting
                if self.free(item, window) and item.capture.capture_id not in passed_over
            ]
            found.append(
                {
                    "first": first.capture_id,
                    "endpoint": first.endpoint,
                    "source": first.provenance.source,
                    "class_id": first.class_id,
                    "start": first.inferred_at,
                    "end": last.inferred_at,
                    "captures": len(group),
                    "waiting": len(waiting),
                    "elsewhere": sum(not self.free(item, window) for item in waiting),
                    "p_value": min(p_values, default=None),
                    "shown": waiting[0].capture.capture_id,
                    "free": tuple(free[:AHEAD]),
                }
            )
        found.sort(key=lambda group: group["first"])
        found.sort(key=lambda group: group["end"], reverse=True)
        found.sort(key=lambda group: group["first"] != window.group)
        found.sort(key=lambda group: 2 if group["p_value"] is None else group["p_value"])
        return found

    # What always holds

    @invariant()
    def the_verdicts_are_those_of_the_model(self) -> None:
        found = self.log.find(CaptureFilter(), limit=1000)
        assert {each.capture.capture_id: each.decision for each in found} == {
            name: max(item.standing, key=lambda each: (each.decided_at, each.analyst), default=None)
            for name, item in self.items.items()
            if item.there
        }
        assert self.log.verdicts.decided() == sum(
            bool(item.standing) for item in self.items.values()
        )

    @invariant()
    def each_is_in_work_in_one_window(self) -> None:
        found = self.verdicts.queue.in_work(self.clock.time)
        assert {
            each.capture_id: each.holder.window
            for each in found
            if self.items[each.capture_id].there
        } == {
            name: self.holder(item)
            for name, item in self.items.items()
            if item.there and self.holder(item)
        }

    def teardown(self) -> None:
        stated = [(each.decision, each.taken_back) for each in self.log.verdicts.all()]
        given = {each for item in self.items.values() for each in item.decisions}
        back = {each for item in self.items.values() for each in item.withdrawn}
        assert len(stated) == len(given) + len(back)
        assert {each for each, taken_back in stated if not taken_back} == given
        assert {each for each, taken_back in stated if taken_back} == back
        self.log.close()
        shutil.rmtree(self.folder)


TestTriage = Triage.TestCase
TestTriage.settings = settings(
    max_examples=8 if settings().derandomize else 80, stateful_step_count=20
)
