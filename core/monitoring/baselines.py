"""Baselines made, kept, chosen and handed on."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from core.errors import BadInput, NotFound, SignwatchError
from core.monitoring.baseline import Baseline
from core.monitoring.formats.constraints import Constraints, read_constraints, write_constraints
from core.monitoring.formats.constraints_edit import Deciding
from core.monitoring.formats.statistics import read_statistics, write_statistics
from core.monitoring.rules.in_force import NOTHING, Against
from core.records.captures import Predictions
from core.records.monitoring import BaselineFiles, StoredBaseline
from core.records.window import Window, now
from core.store import BaselinesTable

MOMENT = "%Y-%m-%d %H:%M:%S"
MAX_ORIGIN = 500
EDITED = ", constraints edited"
KEPT = 4  # baselines that are not parsed again


@dataclass(frozen=True)
class InForce:
    """The baseline that windows are compared with, and what they have to keep to."""

    stored: StoredBaseline
    baseline: Baseline
    constraints: Constraints


def baseline_of(predictions: Predictions, classes: int, *, right: int | None = None) -> Baseline:
    """A baseline from predictions; raises BadInput for classes outside 0..classes - 1.

    right: how many of them were right, where that is known.
    """
    return Baseline.of(
        classes,
        predictions.class_ids,
        flagged=predictions.flagged,
        confidences=predictions.confidences,
        p_values=predictions.p_values,
        right=right,
    )


def files_of(baseline: Baseline) -> BaselineFiles:
    """Statistics, and the constraints that they suggest."""
    return BaselineFiles(
        write_statistics(baseline), write_constraints(Constraints.suggested(baseline))
    )


class Baselines:
    """The baselines in the log, for a model that tells `classes` classes apart."""

    def __init__(self, table: BaselinesTable, classes: int) -> None:
        self._table = table
        self._classes = classes
        self._read = lru_cache(maxsize=KEPT)(self._checked)  # every execution asks for the same

    def create(self, window: Window) -> StoredBaseline:
        """From a window's captures, without attacks and drills; BadInput if there is none."""
        stretch = f"{window.start:{MOMENT}} to {window.end:{MOMENT}} UTC"
        predictions = self._table.predictions(window)
        if len(predictions.class_ids) == 0:
            raise BadInput(
                f"no prediction between {stretch} to make a baseline from (known attacks are left "
                "out). Send traffic to the endpoint or choose another stretch"
            )
        where = f", endpoint {window.endpoint}" if window.endpoint else ""
        files = files_of(baseline_of(predictions, self._classes))
        return self.add(files, origin=f"captures {stretch}{where}")

    def add(self, files: BaselineFiles, *, origin: str) -> StoredBaseline:
        """Keep a baseline and put it in force; raises BadInput or TooLarge, and then keeps none."""
        baseline, _ = self._read(files)
        words = "".join(filter(str.isprintable, origin))[:MAX_ORIGIN]
        stored = StoredBaseline(str(uuid.uuid4()), words, now(), baseline.total)
        self._table.add(stored, files)
        return stored

    def edit(self, deciding: Deciding) -> StoredBaseline:
        """The baseline in force with constraints edited, kept as a new one and put in force.

        Raises NotFound without one, and BadInput.
        """
        found = self.in_force()
        if found is None:
            raise NotFound("there is no baseline yet whose constraints could be edited")
        stored, edited = found.stored, deciding.applied_to(found.constraints, found.baseline)
        statistics = self._table.files(stored.baseline_id).statistics
        origin = stored.origin.removesuffix(EDITED)[: MAX_ORIGIN - len(EDITED)]
        return self.add(
            BaselineFiles(statistics, write_constraints(edited)), origin=origin + EDITED
        )

    def all(self) -> list[StoredBaseline]:
        """Every baseline, newest first."""
        return self._table.all()

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
        """One baseline; NotFound, or BadInput if it does not fit this model."""
        return self._read(self._table.files(baseline_id))[0]

    def in_force(self) -> InForce | None:
        """The baseline in force, None before there is one; BadInput if it does not fit."""
        chosen = self._table.in_force()
        if chosen is None:
            return None
        baseline, constraints = self._read(self._table.files(chosen))
        stored = next(each for each in self._table.all() if each.baseline_id == chosen)
        return InForce(stored, baseline, constraints)

    def against(self) -> Against:
        """What executions compare with; a baseline that does not fit is told as the problem."""
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


def _encoded(text: str, name: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"{name} must be text in UTF-8: {error.reason}") from error
