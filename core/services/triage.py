"""Triage of flagged predictions: sessions, the queue, verdicts, context, outcome, export."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.capture.images import CapturedImages, viewable
from core.images import ImageLimits
from core.records.analysts import Analyst, Permission, Roles
from core.records.captures import Capture
from core.records.permissions import needs
from core.records.queries import CaptureFilter
from core.records.triage import Assignment, Holder, Standing
from core.records.verdicts import Decision, GivenVerdict, Pace, Recorded, Statement, TriageItem
from core.records.window import now
from core.store import CaptureLog, QueueTable
from core.triage import ContextBuilder, ContextPrefetch, TriageSession, Verdicts
from core.triage.outcome import FlagPrecision, Suggestion, precision, suggest
from core.triage.panels import Explain


@dataclass(frozen=True)
class Outcome:
    """The precision of the flag at the level in force (alpha), and a suggested level."""

    alpha: float
    precision: FlagPrecision
    suggestion: Suggestion


class Triage:
    """What pages, endpoint and command line ask of triage.

    Parameters
    ----------
    explain
        Explains images (height, width, 3) for classes, None being the predicted one.
    roles
        Who may do what, where there is a sign-in.
    alpha
        The level of the flag in force, in (0, 1).
    model_sha256
        Checksum of the weights that serve.

    Attributes
    ----------
    contexts
        Contexts of items, built in the background.
    """

    def __init__(
        self,
        log: CaptureLog,
        limits: ImageLimits,
        explain: Explain,
        *,
        roles: Roles,
        alpha: float,
        model_sha256: str,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._log = log
        self._images = CapturedImages(log, limits)
        self._queue = QueueTable(log.database)
        self._verdicts = Verdicts(log, self._queue, clock=clock)
        self._roles = roles
        self._alpha = alpha
        self._model_sha256 = model_sha256
        builder = ContextBuilder(log, self._queue, self._images, explain)
        self.contexts = ContextPrefetch(builder.build)

    def close(self) -> None:
        """Stop building contexts."""
        self.contexts.close()

    # -- who, and what is in work ----------------------------------------------------------

    def analyst(self, claims: Mapping[str, object]) -> Analyst:
        """The analyst whom an identity provider describes (claims of OpenID Connect)."""
        return self._roles.signed_in(claims)

    def session(self, analyst: Analyst) -> TriageSession:
        """A new session: the work of one analyst in one window."""
        return TriageSession(self._verdicts, analyst)

    def standing(self, capture_ids: Sequence[str]) -> dict[str, Standing]:
        """How far each of these captures is now."""
        return self._queue.standing(capture_ids, self._verdicts.clock())

    def in_work_elsewhere(self, holder: Holder) -> list[Assignment]:
        """What other holders have in work now, the latest taken first."""
        in_work = self._queue.in_work(self._verdicts.clock())
        return [each for each in in_work if each.holder != holder]

    # -- captures --------------------------------------------------------------------------

    def image(self, capture: Capture) -> bytes:
        """An image file to show; raises NotFound."""
        return viewable(self._images.decoded(capture.image_sha256))

    def by_another_model(self, capture: Capture) -> bool:
        """Whether other weights than those that serve made the prediction."""
        return capture.model_sha256 not in (None, self._model_sha256)

    def done(self, chosen: CaptureFilter, *, limit: int) -> list[TriageItem]:
        """Decided captures, the latest first."""
        return self._log.find(chosen, limit=limit)

    def several(self, capture_ids: Sequence[str]) -> list[Capture]:
        """Those of these captures that the log still has, newest first."""
        chosen = CaptureFilter(capture_ids=tuple(capture_ids))
        return [item.capture for item in self._log.find(chosen, limit=len(capture_ids))]

    def count_decided(self) -> int:
        """How many captures have a verdict that counts."""
        return self._log.verdicts.decided()

    def pace(self, analyst: Analyst) -> Pace:
        """How many predictions an analyst has decided today, and how fast lately."""
        return self._log.verdicts.pace(analyst.name, self._verdicts.clock())

    # -- verdicts --------------------------------------------------------------------------

    @needs(Permission.VERDICTS)
    def decide(
        self,
        captures: Sequence[Capture],
        given: GivenVerdict,
        *,
        by: Analyst,
        known: Collection[Decision] = (),
    ) -> Recorded:
        """Record one verdict on captures, as `Verdicts.decide` does."""
        return self._verdicts.decide(captures, given, by=by, known=known)

    @needs(Permission.VERDICTS)
    def take_back(self, decisions: Sequence[Decision], *, by: Analyst) -> None:
        """Verdicts count no longer, and stay on record; raises Forbidden."""
        self._verdicts.take_back(decisions, by=by)

    def trail(self, capture_id: str) -> list[Statement]:
        """All statements on a capture, oldest first."""
        return self._verdicts.trail(capture_id)

    def outcome(self, *, worth: float) -> Outcome:
        """What the verdicts show. worth: the share of flags that should be right, in (0, 1)."""
        reviewed = self._verdicts.reviewed()
        suggestion = suggest(reviewed, alpha=self._alpha, worth=worth)
        return Outcome(self._alpha, precision(reviewed), suggestion)

    def export(self) -> bytes:
        """A ZIP of everything decided: images by true class, manifest, COCO, audit trail."""
        return self._verdicts.export()
