"""Verdicts: recorded, taken back, read again.

A verdict is kept whatever happened meanwhile: another one was given, or retention deleted the
capture. Its analyst gets a message in both cases.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import numpy as np

from core.errors import BadInput
from core.labels import class_name, label
from core.records.analysts import Analyst, Permission
from core.records.captures import Capture
from core.records.permissions import check as check_permission
from core.records.queries import CaptureFilter
from core.records.verdicts import Decision, GivenVerdict, Recorded, Statement, Verdict
from core.records.window import now
from core.store import CaptureLog, QueueTable
from core.triage.export import export_zip
from core.triage.outcome import Reviewed

MAX_EXPORT = 10_000_000  # as good as no limit


class Verdicts:
    """Verdicts and the queue of one log; windows and threads share it."""

    def __init__(
        self, log: CaptureLog, queue: QueueTable, *, clock: Callable[[], datetime] = now
    ) -> None:
        self.log = log
        self.queue = queue
        self.clock = clock

    def decide(
        self,
        captures: Sequence[Capture],
        given: GivenVerdict,
        *,
        by: Analyst,
        known: Collection[Decision] = (),
    ) -> Recorded:
        """Record one verdict on captures, also where the log no longer has them.

        Parameters
        ----------
        known
            Decisions of others that the analyst has seen.

        Raises
        ------
        Forbidden, BadInput
            Nothing is recorded then.
        """
        decisions = [self.check(capture, given, by=by) for capture in captures]
        before = self.log.verdicts.add(decisions)
        ids = tuple(capture.capture_id for capture in captures)
        return Recorded(
            tuple(decisions),
            tuple(each for each in before if each not in known),
            deleted=len(ids) - self.log.count(CaptureFilter(capture_ids=ids)),
        )

    def check(self, capture: Capture, given: GivenVerdict, *, by: Analyst) -> Decision:
        """The decision that `decide` would record; raises the same."""
        check_permission(Permission.VERDICTS, by=by)
        return decide(capture, given, analyst=by.name, at=self.clock())

    def take_back(self, decisions: Sequence[Decision], *, by: Analyst) -> None:
        """Verdicts count no longer, and stay on record. Raises Forbidden."""
        check_permission(Permission.VERDICTS, by=by)
        self.log.verdicts.take_back(decisions, analyst=by.name, at=self.clock())

    def trail(self, capture_id: str) -> list[Statement]:
        """All statements on a capture, oldest first."""
        return self.log.verdicts.of(capture_id)

    def reviewed(self) -> Reviewed:
        """The flagged predictions with a verdict that counts."""
        found = self.log.verdicts.of_flagged()
        p_values = np.array([p_value for p_value, _, _ in found], dtype=np.float64)
        _, groups = np.unique([group for _, _, group in found], return_inverse=True)
        return Reviewed(p_values, tuple(verdict for _, verdict, _ in found), groups)

    def export(self) -> bytes:
        """A ZIP of everything decided, as `export_zip` writes it."""
        items = list(self.log.listing.each(CaptureFilter(decided=True), limit=MAX_EXPORT))
        return export_zip(items[::-1], self.log.images, self.log.verdicts.all())


def decide(capture: Capture, given: GivenVerdict, *, analyst: str, at: datetime) -> Decision:
    """A decision on a capture.

    A false positive takes the predicted class as the true one; `not a sign` and `unreadable` have
    none. Raises BadInput if verdict and true class do not fit together.
    """
    predicted, true_class = capture.class_id, given.true_class
    if predicted is None:
        raise BadInput(f"capture {capture.capture_id} holds no prediction to judge")
    if given.verdict is Verdict.FALSE_POSITIVE:
        true_class = predicted
    elif not given.verdict.needs_true_class:
        true_class = None
    elif true_class is None:
        raise BadInput(f"the verdict `{given.verdict}` needs the true class; choose one")
    elif true_class == predicted:
        raise BadInput(
            f"the verdict `{given.verdict}` means that {class_name(predicted)} is wrong, and it "
            "is also the true class given; choose another class, or the verdict `false positive`"
        )
    if true_class is not None:
        label(true_class)
    return Decision(capture.capture_id, given.verdict, true_class, given.note.strip(), analyst, at)
