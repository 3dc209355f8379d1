"""Baselines made, kept, chosen and handed on."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np

from core.errors import BadInput, NotFound, SignwatchError
from core.monitoring.baseline import Baseline
from core.monitoring.drift.channels_update import ChannelSet
from core.monitoring.drift.observing import observations
from core.monitoring.formats.constraints import Constraints, read_constraints, write_constraints
from core.monitoring.formats.constraints_edit import edited, settings_of
from core.monitoring.formats.statistics import read_statistics, write_statistics
from core.monitoring.rules.in_force import NOTHING, Against
from core.records.analysts import Permission
from core.records.baselines import (
    BaselineDraft,
    BaselineFiles,
    ConstraintSettings,
    StoredBaseline,
)
from core.records.captures import Predictions
from core.records.drift import Observed
from core.records.names import check_endpoint_name
from core.records.permissions import needs
from core.records.window import MOMENT, Window, now, parse_time
from core.store import BaselinesTable

MAX_ORIGIN = 500
EDITED = ", constraints edited"
FROM_FILES = {"statistics", "constraints", "origin"}
FROM_CAPTURES = {"since", "until", "endpoint"}
KEPT = 4  # baselines that are not parsed again
# What `create` writes, in this and earlier versions.
STRETCH = re.compile(r"captures (\S+ \S+) to (\S+ \S+) UTC(?:, endpoint ([^,]+))?")


@dataclass(frozen=True)
class InForce:
    """The baseline that windows are compared with, and what they have to keep to."""

    stored: StoredBaseline
    baseline: Baseline
    constraints: Constraints

    @property
    def settings(self) -> ConstraintSettings:
        """The constraints on the predicted class."""
        return settings_of(self.constraints)


def baseline_of(predictions: Predictions, classes: int, *, right: int | None = None) -> Baseline:
    """Make a baseline from predictions.

    Parameters
    ----------
    predictions
        Columns of n predictions: class ids, flags, confidences, p-values.
    classes
        Size of the label set; class ids lie in 0..classes - 1.
    right
        How many of the predictions are right, where that is known.

    Raises
    ------
    BadInput
        For a class outside of the label set, or scores that are no numbers.

    Examples
    --------
    >>> import numpy as np
    >>> flags, scores = np.zeros(4, dtype=bool), np.full(4, 0.9)
    >>> moments = np.arange(4).astype("datetime64[us]")
    >>> of_a_camera = moments, ["a", "a", "a", "a"]
    >>> made = baseline_of(
    ...     Predictions(np.array([1, 1, 1, 2]), flags, scores, scores, *of_a_camera), 43
    ... )
    >>> made.total, dict(made.counts), round(made.confidence.mean, 2)
    (4, {1: 3, 2: 1}, 0.9)
    >>> made.observations.total
    2
    """
    made = Baseline.of(
        classes,
        predictions.class_ids,
        flagged=predictions.flagged,
        confidences=predictions.confidences,
        p_values=predictions.p_values,
        right=right,
    )
    if made.total == 0:
        return made
    seen = _observed(predictions)
    complete = len(predictions.confidences) == len(seen)
    return replace(
        made,
        observations=observations(
            seen,
            classes,
            by_flag=predictions.flagged is not None,
            confidence=made.confidence if complete else None,
        ),
    )


def _observed(predictions: Predictions) -> Observed:
    """As the drift detector takes them; what a prediction does not tell stands as 0."""
    count = len(predictions.class_ids)
    complete = len(predictions.confidences) == count
    return Observed(
        predictions.at,
        predictions.class_ids,
        np.zeros(count, dtype=bool) if predictions.flagged is None else predictions.flagged,
        predictions.confidences if complete else np.zeros(count),
        predictions.sources,
        predictions.looks,
    )


def files_of(baseline: Baseline) -> BaselineFiles:
    """Statistics, and the constraints that they suggest."""
    return BaselineFiles(
        write_statistics(baseline), write_constraints(Constraints.suggested(baseline))
    )


def draft_of(baseline: Baseline, origin: str) -> BaselineDraft:
    """A baseline to look at before it is kept. origin: what it was made from."""
    flagged = None if baseline.flagged is None else sum(baseline.flagged.values())
    return BaselineDraft(files_of(baseline), origin, baseline.classes, baseline.counts, flagged)


class Baselines:
    """The baselines in the log, and which one is in force.

    Parameters
    ----------
    table
        Of the log.
    classes
        Size of the model's label set; a baseline of another size is refused.
    false_alarm_every
        A, at which a new baseline is tried on its own predictions.
    """

    def __init__(
        self, table: BaselinesTable, classes: int, *, false_alarm_every: float = 10_000.0
    ) -> None:
        self._table = table
        self._classes = classes
        self._false_alarm_every = false_alarm_every
        self._read = lru_cache(maxsize=KEPT)(self._checked)  # every run asks for the same
        self.statistics_id = lru_cache(maxsize=KEPT)(self._statistics_id)

    @needs(Permission.BASELINES)
    def create(self, window: Window) -> StoredBaseline:
        """Make a baseline from captures and put it in force.

        Parameters
        ----------
        window
            Known-good traffic; known attacks and drills in it are left out.

        Raises
        ------
        BadInput
            If no prediction is left.
        """
        return self.keep(self.draft(window))

    def draft(self, window: Window) -> BaselineDraft:
        """What `create` makes from that window, before anything is kept; raises BadInput."""
        stretch = f"{window.start:{MOMENT}} to {window.end:{MOMENT}} UTC"
        predictions, left_out = self._fitting(window)
        if len(predictions.class_ids) == 0:
            raise BadInput(
                f"no prediction between {stretch} to make a baseline from (known attacks are left "
                "out). Send traffic to the endpoint or choose another stretch"
            )
        where = f", endpoint {window.endpoint}" if window.endpoint else ""
        made = replace(baseline_of(predictions, self._classes), endpoint=window.endpoint)
        without = f", {left_out:,} left out whose figures cannot be" if left_out else ""
        alarms = self._alarms_within(made, predictions)
        within = f", {alarms:,} {'alarm' if alarms == 1 else 'alarms'} within" if alarms else ""
        origin = f"captures {stretch}{where}{without}{within}"
        return replace(draft_of(made, origin), left_out=left_out, alarms=alarms)

    def keep(self, draft: BaselineDraft) -> StoredBaseline:
        """Put a draft in force, exactly as it was made; raises BadInput."""
        return self.add(draft.files, origin=draft.origin)

    def _alarms_within(self, baseline: Baseline, predictions: Predictions) -> int:
        """How often the drift detector would have alarmed in the baseline's own predictions."""
        seen = _observed(predictions)
        channels = ChannelSet(baseline, false_alarm_every=self._false_alarm_every)
        start = channels.start(seen.moment(0))
        update = channels.update(start, seen, earlier=lambda: seen.part(slice(0)), at=now())
        return sum(update.raised[each.name] for each in channels.channels if each.decides)

    def _fitting(self, window: Window) -> tuple[Predictions, int]:
        """Predictions of this label set, and how many captures are left out.

        Where most are of other classes, all are kept: they are of another label set.
        """
        predictions = self._table.predictions(window)
        fits = predictions.class_ids < self._classes
        if 2 * int(fits.sum()) > len(fits):
            predictions = self._table.predictions(window, classes=self._classes)
        left_out = self._table.captures(window) - len(predictions.class_ids)
        return predictions, left_out

    def add_with(self, options: Mapping[str, Any]) -> StoredBaseline:
        """Make or keep a baseline as programs ask for it, and put it in force; raises BadInput.

        From captures: `since`, `until` (ISO 8601), and `endpoint`, which is optional. Or from
        files: the texts `statistics` and `constraints`, and their `origin`.
        """
        if options.keys() == FROM_FILES:
            texts = [options[name] for name in ("statistics", "constraints", "origin")]
            if not all(isinstance(text, str) for text in texts):
                raise BadInput("statistics, constraints and origin must be texts")
            statistics, constraints, origin = texts
            return self.add(BaselineFiles(statistics, constraints), origin=origin)
        if not {"since", "until"} <= options.keys() <= FROM_CAPTURES:
            raise BadInput(
                "a baseline is made from since and until (and endpoint), or from statistics, "
                f"constraints and origin, got {', '.join(sorted(options)) or 'nothing'}"
            )
        return self.create(_stretch(options))

    @needs(Permission.BASELINES)
    def add(self, files: BaselineFiles, *, origin: str) -> StoredBaseline:
        """Keep a baseline and put it in force; raises BadInput or TooLarge, and then keeps none."""
        baseline, _ = self._read(files)
        words = "".join(filter(str.isprintable, origin))[:MAX_ORIGIN]
        stored = StoredBaseline(str(uuid.uuid4()), words, now(), baseline.total)
        self._table.add(stored, files)
        return stored

    @needs(Permission.BASELINES)
    def edit(self, settings: ConstraintSettings) -> StoredBaseline:
        """The baseline in force with constraints edited, kept as a new one and put in force.

        Raises NotFound without one, and BadInput.
        """
        found = self.in_force()
        if found is None:
            raise NotFound("there is no baseline yet whose constraints could be edited")
        stored = found.stored
        constraints = edited(found.constraints, settings, found.baseline)
        statistics = self._table.files(stored.baseline_id).statistics
        origin = stored.origin.removesuffix(EDITED)[: MAX_ORIGIN - len(EDITED)]
        return self.add(
            BaselineFiles(statistics, write_constraints(constraints)), origin=origin + EDITED
        )

    def all(self) -> list[StoredBaseline]:
        """Every baseline, newest first."""
        return self._table.all()

    def to_json(self) -> dict[str, Any]:
        """Every baseline, and which one is in force, as programs read it."""
        baselines = [stored.to_json() for stored in self.all()]
        return {"in_force": self.in_force_id(), "baselines": baselines}

    @needs(Permission.BASELINES)
    def choose(self, baseline_id: str) -> None:
        """Put a baseline in force; NotFound, or BadInput if it does not fit this model."""
        self._read(self._table.files(baseline_id))
        self._table.choose(baseline_id, now())

    def files(self, baseline_id: str) -> BaselineFiles:
        """statistics.json and constraints.json of one baseline; raises NotFound."""
        return self._table.files(baseline_id)

    def counts(self, baseline_id: str | None) -> Mapping[int, int]:
        """class id -> predictions of one baseline; {} where the log has none that can be read."""
        if baseline_id is None:
            return {}
        try:
            return read_statistics(self._table.files(baseline_id).statistics.encode()).counts
        except SignwatchError:
            return {}

    def in_force_id(self) -> str | None:
        """The id of the baseline in force; None before there is one."""
        return self._table.in_force()

    def chosen(self) -> tuple[str, datetime] | None:
        """The id of the baseline in force, and since when; None before there is one."""
        return self._table.chosen()

    def baseline(self, baseline_id: str) -> Baseline:
        """One baseline; NotFound, or BadInput if it does not fit this model.

        One of an earlier version, which counted every frame, is counted anew where its captures
        are still there.
        """
        baseline = self._read(self._table.files(baseline_id))[0]
        if baseline.observations is not None:
            return baseline
        found = STRETCH.match(self._table.one(baseline_id).origin)
        if found is None:
            return baseline
        start, end = (parse_time(each.replace(" ", "T")) for each in found.group(1, 2))
        assert start is not None and end is not None
        predictions, _ = self._fitting(Window(start, end, found[3]))
        again = replace(baseline_of(predictions, self._classes), right=baseline.right)
        return again if again.counts == baseline.counts else baseline

    def _statistics_id(self, baseline_id: str) -> str:
        """What two baselines share that differ in their constraints alone; raises NotFound."""
        return hashlib.sha256(self._table.files(baseline_id).statistics.encode()).hexdigest()

    def in_force(self) -> InForce | None:
        """The baseline in force, None before there is one; BadInput if it does not fit."""
        chosen = self._table.in_force()
        if chosen is None:
            return None
        baseline, constraints = self._read(self._table.files(chosen))
        stored = self._table.one(chosen)
        return InForce(stored, baseline, constraints)

    def against(self) -> Against:
        """What runs compare with; a baseline that does not fit is named as the problem."""
        try:
            found = self.in_force()
        except BadInput as error:
            return Against(baseline_id=self.in_force_id(), problem=str(error))
        if found is None:
            return NOTHING
        return Against(found.baseline, found.constraints, found.stored.baseline_id)

    def _checked(self, files: BaselineFiles) -> tuple[Baseline, Constraints]:
        baseline = read_statistics(_encoded(files.statistics, "statistics.json"))
        if baseline.total == 0:
            raise BadInput("the baseline holds no prediction. Create it from some traffic")
        baseline.check_label_set(self._classes)
        constraints = read_constraints(_encoded(files.constraints, "constraints.json"))
        constraints.rules()  # whether they name the predicted class
        return baseline, constraints


def _stretch(options: Mapping[str, Any]) -> Window:
    endpoint = options.get("endpoint")
    if endpoint is not None:
        check_endpoint_name(str(endpoint))
    start, end = parse_time(options["since"]), parse_time(options["until"])
    if start is None or end is None:
        raise BadInput("expected times like 2026-02-14T17:00:00Z in since and until, got null")
    if start >= end:
        raise BadInput(f"the stretch must begin before it ends, got {start} to {end}")
    return Window(start, end, endpoint)


def _encoded(text: str, name: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"{name} must be text in UTF-8: {error.reason}") from error
