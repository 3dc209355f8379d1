"""What a channel of the drift detector reports: sentences, and an outcome beside the rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.monitoring.drift.bursts import BurstState, mark_repeats
from core.monitoring.drift.channels import DriftChannel, count_text
from core.monitoring.drift.detector import EPSILONS
from core.monitoring.drift.state import ChannelState, DriftState
from core.monitoring.rules.outcomes import judged, not_computed
from core.records.drift import Observed, rule_of
from core.records.monitoring import Outcome, Violation
from core.records.window import MOMENT


def outcome(channel: DriftChannel, state: ChannelState, threshold: float) -> Outcome:
    """What a channel reports now.

    Parameters
    ----------
    channel, state
        The channel, and what it has seen.
    threshold
        A, the alarm threshold.

    Returns
    -------
    Outcome
        Violated while an alarm stands; its figure is the e-value.
    """
    rule = rule_of(channel.name)
    if state.standing:
        made = _alarmed(rule, channel, state, threshold)
    elif state.detector.position == 0:
        reason = f"no prediction since it started at {state.marked_at:{MOMENT}} UTC"
        made = not_computed(rule, threshold, reason)
    else:
        made = judged(rule, state.e_value, threshold, _calm(channel, state, threshold), ())
    return replace(made, decides=channel.decides)


def _alarmed(rule: str, channel: DriftChannel, state: ChannelState, threshold: float) -> Outcome:
    descriptions = [alarm.description for alarm in state.standing]
    violations = tuple(
        Violation(channel.feature, "baseline_drift_check", description)
        for description in descriptions
    )
    sentence = f"{'; '.join(descriptions)}. Alarm since {state.standing[0].at:%H:%M} UTC"
    highest = max(alarm.e_value for alarm in state.standing)
    named = tuple(alarm.class_id for alarm in state.standing if alarm.class_id is not None)
    alarmed = judged(rule, highest, threshold, sentence, violations)
    return replace(alarmed, class_ids=tuple(dict.fromkeys(named)))


def _calm(channel: DriftChannel, state: ChannelState, threshold: float) -> str:
    so_far = f"No alarm: e-value {number(state.e_value)}, alarm threshold {number(threshold)}"
    among = state.detector.position - state.detector.mark
    if among == 0:
        return f"{so_far}, up to {state.marked_at:{MOMENT}} UTC"
    leading = channel.detector.leading(state.detector)
    seen = channel.detector.occurred(state.detector)[leading]
    expected = count_text(among * channel.expected(leading))
    return (
        f"{so_far}. Highest for {channel.bins.describe(leading)}: {seen:,} of {among:,} "
        f"{_predictions(among)} since {state.marked_at:{MOMENT}} UTC, expected {expected}"
    )


def description(channel: DriftChannel, bin_id: int, stretch: Observed) -> str:
    """Why a bin alarmed: how many of how many predictions, how many expected.

    Parameters
    ----------
    channel
        The channel that alarmed.
    bin_id
        The bin that it names.
    stretch
        The predictions up to the one that raised the alarm. Those since the change most likely
        began are counted, see `onset`, but for repeats.
    """
    bins = channel.bins_of(stretch)
    _, repeats = mark_repeats(BurstState.cold(), stretch.class_ids, bins, stretch.sources)
    bins = bins[~repeats]
    baseline = channel.detector.baseline
    share = (baseline[bin_id] + 0.5) / (baseline.sum() + 1)
    since = bins[onset(bins == bin_id, share) :]
    return channel.describe_change(bin_id, int((since == bin_id).sum()), len(since))


def onset(in_bin: NDArray[np.bool_], share: float) -> int:
    """The row since which a bin is most likely more frequent than expected.

    The row j that maximises the sum over i >= j of log((1 - epsilon) + epsilon 1{in bin} / share),
    for the best of EPSILONS: the maximum likelihood of a change point (Page 1954).

    Parameters
    ----------
    in_bin
        ``(n,)``, n >= 1, in order of time up to now.
    share
        The expected share of the bin, in (0, 1].
    """
    epsilon = np.array(EPSILONS)[:, None]
    gain = np.where(in_bin, np.log(1 - epsilon + epsilon / share), np.log(1 - epsilon))
    until_now = np.cumsum(gain[:, ::-1], axis=1)[:, ::-1]
    return int(until_now.max(axis=0).argmax())


def summary(state: DriftState) -> str:
    """How many predictions were checked since when, and what was missed, in sentences."""
    sentences = [
        f"{state.taken:,} {_predictions(state.taken)} checked since "
        f"{state.started_at:{MOMENT}} UTC, when {state.why}."
    ]
    if state.late:
        sentences.append(
            f"{state.late:,} {_predictions(state.late)} arrived too late to be checked. Is the log "
            "slow, or does a clock differ?"
        )
    if state.set_back_at:
        sentences.append(f"The clock was set back at {state.set_back_at:{MOMENT}} UTC.")
    return " ".join(sentences)


def number(value: float) -> str:
    """`12,345`, `12`, `1.2`, `0.012`."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _predictions(count: int) -> str:
    return "prediction" if count == 1 else "predictions"
