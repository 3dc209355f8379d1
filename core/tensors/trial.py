"""The records of a log, with the interface of SageMaker Debugger's trial.

    with open_trial() as trial:
        for step in trial.steps(mode=ModeKeys.PREDICT):
            gradient = trial.tensor("gradient/image").value(step, mode=ModeKeys.PREDICT)

Without a mode, a step is counted over the whole log; each mode counts its own steps as well.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from core.errors import NotFound
from core.records.tensors import COLLECTIONS, Array, ModeKeys, TensorFacts, TensorRecord
from core.settings import Settings
from core.store import CaptureLog, TensorsTable, address_of

MOST_NAMED = 5  # names or steps that an error lists


class TensorUnavailable(NotFound):
    """The tensor was not recorded, in any step or in that one."""


class StepUnavailable(NotFound):
    """There is no record of that step."""


class TensorTrial:
    """All records of a log; each call sees the latest ones."""

    def __init__(self, table: TensorsTable) -> None:
        self._table = table

    def steps(self, mode: ModeKeys = ModeKeys.GLOBAL) -> list[int]:
        """The recorded steps, as `mode` counts them."""
        return sorted(self._by_step(mode))

    def modes(self) -> list[ModeKeys]:
        """The modes that have records, without GLOBAL."""
        return sorted({record.mode for record in self._table.records()})

    def record(self, step: int, mode: ModeKeys = ModeKeys.GLOBAL) -> TensorRecord:
        """The facts of one step; raises StepUnavailable."""
        known = self._by_step(mode)
        if step not in known:
            raise StepUnavailable(
                f"step {step} of mode {mode} was not recorded; there are {_some(sorted(known))}"
            )
        return known[step]

    def tensor_names(
        self,
        *,
        step: int | None = None,
        mode: ModeKeys = ModeKeys.GLOBAL,
        regex: str | Sequence[str] | None = None,
        collection: str | None = None,
    ) -> list[str]:
        """Names of tensors, sorted.

        Parameters
        ----------
        step
            None: of all steps of the mode.
        regex
            One or several expressions, found anywhere in the name, as RE2 reads them.
        collection
            A name in COLLECTIONS. With regex, names that match either.

        Raises
        ------
        StepUnavailable
            There is no record of the step.
        NotFound
            There is no such collection.
        BadInput
            An expression is not valid.
        """
        if step is None:
            steps = [record.step for record in self._by_step(mode).values()]
        else:
            steps = [self.record(step, mode).step]
        if regex is None and collection is None:
            return self._table.names(steps)
        chosen: set[str] = set()
        for each in [regex] if isinstance(regex, str) else regex or ():
            chosen.update(self._table.names(steps, regex=each))
        if collection is not None:
            pattern = self.collection(collection)
            chosen.update(name for name in self._table.names(steps) if re.search(pattern, name))
        return sorted(chosen)

    def collections(self) -> dict[str, str]:
        """name -> the regular expression of its tensors' names."""
        return dict(COLLECTIONS)

    def collection(self, name: str) -> str:
        """The regular expression of a collection; raises NotFound with the known names."""
        if name not in COLLECTIONS:
            raise NotFound(f"no collection {name!r}; there are {', '.join(COLLECTIONS)}")
        return COLLECTIONS[name]

    def has_tensor(self, name: str) -> bool:
        """Whether any step has the tensor."""
        return bool(self._table.history(name))

    def tensor(self, name: str) -> TrialTensor:
        """One tensor over all steps; raises TensorUnavailable with similar names."""
        if not self.has_tensor(name):
            like = difflib.get_close_matches(name, self.tensor_names(), MOST_NAMED)
            hint = f"similar are {', '.join(like)}" if like else "no name is similar"
            raise TensorUnavailable(
                f"tensor {name!r} was not recorded; {hint}. SIGNWATCH_TENSORS_REGEX decides what "
                "is recorded"
            )
        return TrialTensor(name, self, self._table)

    def _by_step(self, mode: ModeKeys) -> dict[int, TensorRecord]:
        records = self._table.records()
        if mode is ModeKeys.GLOBAL:
            return {record.step: record for record in records}
        return {record.mode_step: record for record in records if record.mode is mode}


class TrialTensor:
    """One tensor of a trial over the steps that have it."""

    def __init__(self, name: str, trial: TensorTrial, table: TensorsTable) -> None:
        self.name = name
        self._trial = trial
        self._table = table

    def steps(self, mode: ModeKeys = ModeKeys.GLOBAL) -> list[int]:
        """The steps that have it, as `mode` counts them."""
        own = self._table.history(self.name)
        return [step for step in self._trial.steps(mode) if self._global(step, mode) in own]

    def value(self, step: int, mode: ModeKeys = ModeKeys.GLOBAL) -> Array:
        """Its values in one step; raises StepUnavailable and TensorUnavailable."""
        self.facts(step, mode)
        return self._table.values(self._global(step, mode), [self.name])[self.name]

    def values(self, mode: ModeKeys = ModeKeys.GLOBAL) -> dict[int, Array]:
        """step -> its values."""
        return {step: self.value(step, mode) for step in self.steps(mode)}

    def shape(self, step: int, mode: ModeKeys = ModeKeys.GLOBAL) -> tuple[int, ...]:
        """Its shape in one step; raises as `value` does."""
        return self.facts(step, mode).shape

    def facts(self, step: int, mode: ModeKeys = ModeKeys.GLOBAL) -> TensorFacts:
        """Its shape and figures in one step; raises as `value` does."""
        own = self._table.history(self.name)
        number = self._global(step, mode)
        if number not in own:
            raise TensorUnavailable(
                f"tensor {self.name!r} was not recorded in step {step} of mode {mode}; steps that "
                f"have it: {_some(self.steps(mode))}"
            )
        return own[number]

    def _global(self, step: int, mode: ModeKeys) -> int:
        return self._trial.record(step, mode).step


@contextmanager
def open_trial(settings: Settings | None = None) -> Iterator[TensorTrial]:
    """Open the trial of a log.

    Parameters
    ----------
    settings
        They name the log; None: those of the environment.

    Raises
    ------
    Unavailable
        A running dashboard has the log open; a shared log has no such limit.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, open_trial(Settings(local=Path(folder))) as trial:
    ...     trial.steps(), trial.collection("gradients")
    ([], '^gradient')
    """
    log = CaptureLog(address_of(settings or Settings.from_environment()))
    try:
        yield TensorTrial(TensorsTable(log.database))
    finally:
        log.close()


def _some(steps: Sequence[int]) -> str:
    """The last few of them, in words."""
    if not steps:
        return "none"
    shown = ", ".join(map(str, steps[-MOST_NAMED:]))
    return shown if len(steps) <= MOST_NAMED else f"{len(steps)}, the last ones {shown}"
