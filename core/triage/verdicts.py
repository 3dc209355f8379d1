"""Verdicts: recorded, taken back, read again.

A verdict is kept whatever happened meanwhile: another one was given, or retention deleted the
capture. Who gives it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from core.errors import BadInput, Forbidden
from core.labels import class_name, label
from core.records.analysts import Analyst
from core.records.captures import Capture
from core.records.queries import CaptureFilter
from core.records.triage import Statement
from core.records.verdicts import Decision, Verdict
from core.records.window import now
from core.store import CaptureLog, WorklistTable
from core.triage.export import export_zip
from core.triage.outcome import Judged

MAX_EXPORT = 10_000_000  # as good as no limit


@dataclass(frozen=True)
class Said:
    """A verdict as an analyst gives it."""

    verdict: Verdict
    right_class: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Recorded:
    """What became of a verdict on some captures.

    meanwhile: what others had said of them that its analyst did not know of; deleted: how many of
    them the log no longer has; left_out: how many got no verdict, as somebody else had them.
    """

    decisions: tuple[Decision, ...]
    meanwhile: tuple[Decision, ...] = ()
    deleted: int = 0
    left_out: int = 0


class Desk:
    """Verdicts and assignments of one log; windows and threads share it."""

    def __init__(
        self, log: CaptureLog, worklist: WorklistTable, *, clock: Callable[[], datetime] = now
    ) -> None:
        self.log = log
        self.worklist = worklist
        self.clock = clock

    def decide(
        self,
        captures: Sequence[Capture],
        said: Said,
        *,
        by: Analyst,
        known: Collection[Decision] = (),
    ) -> Recorded:
        """Record one verdict on captures, also where the log no longer has them.

        known: what the analyst knew that others had said. Raises Forbidden or BadInput, and then
        records nothing.
        """
        decisions = [self.check(capture, said, by=by) for capture in captures]
        before = self.log.verdicts.add(decisions)
        ids = tuple(capture.capture_id for capture in captures)
        return Recorded(
            tuple(decisions),
            tuple(each for each in before if each not in known),
            deleted=len(ids) - self.log.count(CaptureFilter(capture_ids=ids)),
        )

    def check(self, capture: Capture, said: Said, *, by: Analyst) -> Decision:
        """The decision that `decide` would record; raises as that does."""
        _may_decide(by)
        return decide(
            capture,
            said.verdict,
            right_class=said.right_class,
            note=said.note,
            analyst=by.name,
            at=self.clock(),
        )

    def take_back(self, decisions: Sequence[Decision], *, by: Analyst) -> None:
        """Let verdicts count no longer; they stay on record. Raises Forbidden."""
        _may_decide(by)
        self.log.verdicts.take_back(decisions, analyst=by.name, at=self.clock())

    def trail(self, capture_id: str) -> list[Statement]:
        """Everything that was said of a capture, oldest first."""
        return self.log.verdicts.of(capture_id)

    def judged(self) -> Judged:
        """What verdicts say of the flag, prediction by prediction."""
        found = self.log.verdicts.of_flagged()
        p_values = np.array([p_value for p_value, _ in found], dtype=np.float64)
        return Judged(p_values, tuple(verdict for _, verdict in found))

    def export(self) -> bytes:
        """A ZIP of everything decided, as `export_zip` writes it."""
        items = list(self.log.listing.each(CaptureFilter(decided=True), limit=MAX_EXPORT))
        return export_zip(items[::-1], self.log.images, self.log.verdicts.all())


def _may_decide(analyst: Analyst) -> None:
    if not analyst.may_decide:
        raise Forbidden(
            f"{analyst.name} may look, and not decide: SIGNWATCH_ANALYSTS has to name the e-mail "
            "address or its domain"
        )


NEEDS_RIGHT_CLASS = {Verdict.ADVERSARIAL, Verdict.MODEL_WRONG}


def decide(
    capture: Capture,
    verdict: Verdict,
    *,
    right_class: int | None,
    note: str,
    analyst: str,
    at: datetime,
) -> Decision:
    """A decision on a capture; BadInput if verdict and right class do not fit together.

    `right after all` takes the predicted class by itself; `not a sign` and `unreadable` have none.
    """
    predicted = capture.class_id
    if predicted is None:
        raise BadInput(f"capture {capture.capture_id} holds no prediction to judge")
    if verdict is Verdict.RIGHT_AFTER_ALL:
        right_class = predicted
    elif verdict not in NEEDS_RIGHT_CLASS:
        right_class = None
    elif right_class is None:
        raise BadInput(f"the verdict `{verdict}` needs the right class; choose one")
    elif right_class == predicted:
        raise BadInput(
            f"the verdict `{verdict}` says that {class_name(predicted)} is wrong, and it is also "
            "the right class given; choose another class, or the verdict `right after all`"
        )
    if right_class is not None:
        label(right_class)
    return Decision(capture.capture_id, verdict, right_class, note.strip(), analyst, at)
