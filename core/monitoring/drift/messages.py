"""What a channel of the stream detector says, in sentences and as an outcome beside the rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.labels import class_name
from core.monitoring.drift.bins import ClassCells
from core.monitoring.drift.bursts import BurstState, mark_repeats
from core.monitoring.drift.channels import Channel
from core.monitoring.drift.detector import EPSILONS
from core.monitoring.drift.state import ChannelState, WatchState
from core.monitoring.rules.outcomes import judged, not_computed
from core.records.drift import Observed
from core.records.monitoring import Outcome, Violation

NAME = "stream detector"
MOMENT = "%Y-%m-%d %H:%M:%S UTC"


def rule_name(channel: str) -> str:
    """What the outcome of a channel is called."""
    return f"{NAME}, {channel}"


def channel_of(rule: str) -> str:
    """The channel that an outcome of that name is about."""
    return rule.removeprefix(f"{NAME}, ")


def outcome(channel: Channel, state: ChannelState, line: float) -> Outcome:
    """What a channel says now: violated while an alarm stands, its figure the evidence."""
    rule = rule_name(channel.name)
    if state.standing:
        violations = tuple(
            Violation(channel.feature, "baseline_drift_check", alarm.description)
            for alarm in state.standing
        )
        first = state.standing[0]
        words = "; ".join(alarm.description for alarm in state.standing)
        sentence = (
            f"{words}. Evidence {number(first.evidence)} reached the alarm line of {number(line)} "
            f"at {first.at:{MOMENT}}"
        )
        highest = max(alarm.evidence for alarm in state.standing)
        made = judged(rule, highest, line, sentence, violations)
    elif state.detector.position == 0:
        made = not_computed(
            rule, line, f"no prediction came since it started at {state.marked_at:{MOMENT}}"
        )
    else:
        made = judged(rule, state.evidence, line, _calm(channel, state, line), ())
    return replace(made, decides=channel.decides)


def description(channel: Channel, cell: int, stretch: Observed) -> str:
    """Why `cell` alarmed, from the predictions up to the one that raised it.

    How many of how many, since it most likely began, against how many are usual.
    """
    cells = channel.cells_of(stretch)
    _, repeats = mark_repeats(BurstState.cold(), stretch.class_ids, cells, stretch.sources)
    baseline = channel.detector.baseline
    share = (baseline[cell] + 0.5) / (baseline.sum() + 1)
    begun = onset(cells == cell, repeats, share)
    since = cells[begun:]
    found, among = int((since == cell).sum()), len(since)
    words = (
        f"{_subject(channel, cell)} came {_how(channel, cell)}too often: {found:,} of {among:,} "
        f"predictions since {stretch.moment(begun):{MOMENT}}, where "
        f"{number(among * channel.usual(cell))} are usual"
    )
    kin = channel.same_class(cell)
    if kin.sum() == 1:
        return words
    usual = sum(channel.usual(int(k)) for k in np.flatnonzero(kin))
    return (
        f"{words} (of the class in all: {int(kin[since].sum()):,}, {number(among * usual)} usual)"
    )


def number(value: float) -> str:
    """`12,345`, `12`, `1.2`, `0.012`."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _calm(channel: Channel, state: ChannelState, line: float) -> str:
    cell = channel.detector.leading(state.detector)
    seen = state.detector.seen - state.detector.kept
    among = state.detector.position - state.detector.mark
    so_far = f"Evidence {number(state.evidence)}, alarm line {number(line)}"
    if among == 0:
        return f"{so_far}: nothing unusual up to {state.marked_at:{MOMENT}}"
    how = _how(channel, cell).strip()
    return (
        f"{so_far}: most of it for {_lower(_subject(channel, cell))}{f', {how}' if how else ''}, "
        f"{seen[cell]:,} of {among:,} predictions since {state.marked_at:{MOMENT}}, where "
        f"{number(among * channel.usual(cell))} are usual"
    )


def _subject(channel: Channel, cell: int) -> str:
    if not isinstance(channel.cells, ClassCells):
        text = channel.cells.describe(cell)
        return text[0].upper() + text[1:]
    class_id = channel.class_of(cell)
    return "Classes outside the label set" if class_id is None else f"Class {class_name(class_id)}"


def _how(channel: Channel, cell: int) -> str:
    if not isinstance(channel.cells, ClassCells) or not channel.cells.by_flag:
        return ""
    return "flagged " if cell > channel.cells.classes else "unflagged "


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def watched(state: WatchState) -> str:
    """How much was watched since when, and what was not, in sentences."""
    said = [
        f"{state.taken:,} {_predictions(state.taken)} watched since {state.started_at:{MOMENT}}, "
        f"when {state.why}."
    ]
    if state.late:
        said.append(
            f"{state.late:,} {_predictions(state.late)} became visible too late to be watched: is "
            "the log slow, or does a clock differ?"
        )
    if state.set_back_at:
        said.append(f"The clock was found set back at {state.set_back_at:{MOMENT}}.")
    return " ".join(said)


def _predictions(count: int) -> str:
    return "prediction" if count == 1 else "predictions"


def onset(in_cell: NDArray[np.bool_], repeats: NDArray[np.bool_], share: float) -> int:
    """The row since which the cell is most likely more frequent than `share` in (0, 1].

    in_cell, repeats: (n,), n >= 1, in order of time up to now. It is the row j that maximises the
    sum over i >= j of log((1 - epsilon) + epsilon 1{in cell} / share), for the best of EPSILONS
    (maximum likelihood of a change point, Page 1954); a repeat in the cell adds nothing.
    """
    epsilon = np.array(EPSILONS)[:, None]
    gain = np.where(in_cell, np.log(1 - epsilon + epsilon / share), np.log(1 - epsilon))
    gain[:, in_cell & repeats] = 0
    until_now = np.cumsum(gain[:, ::-1], axis=1)[:, ::-1]
    return int(until_now.max(axis=0).argmax())
