"""The demonstration: a baseline, clean traffic, and an attack that is noticed."""

import pytest

from core import samples
from core.errors import Cancelled, Forbidden
from core.jobs import in_silence, never
from core.records.analysts import Analyst, Permission, Role
from core.records.permissions import act_as
from core.records.queries import CaptureFilter
from core.services import Services
from core.services.demonstration import ADVERSARIAL, CLEAN, MIXED, STEPS


def test_it_lives_the_story(signwatch: Services) -> None:
    reported: list[tuple[int, int, str]] = []
    sent = signwatch.demonstration.run(lambda *each: reported.append(each), never)
    assert (sent.sent, sent.attacked) == (MIXED, ADVERSARIAL)
    captures = signwatch.captures
    assert captures.count(CaptureFilter(source="lab")) == CLEAN + MIXED
    attacked = [
        item.capture.provenance.attack
        for item in captures.newest(CaptureFilter(), limit=CLEAN + MIXED)
    ]
    assert attacked[MIXED:] == [None] * CLEAN  # the newest first
    assert attacked.count("pgd") == ADVERSARIAL
    in_force = signwatch.monitoring.baselines.in_force()
    assert in_force is not None
    assert sum(in_force.baseline.counts.values()) == len(samples.all_samples())
    shares = [done / total for done, total, _ in reported]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    named = list(dict.fromkeys(text for *_, text in reported))
    steps = [f"{number} of 4, {what}" for number, what in enumerate(STEPS, start=1)]
    assert named == [each for each in steps if each in named]
    assert {steps[0], steps[2], steps[3]} <= set(named)


def test_a_baseline_in_force_stays(signwatch: Services) -> None:
    draft = signwatch.monitoring.draft_of_samples(in_silence)
    kept = signwatch.monitoring.baselines.keep(draft)
    signwatch.demonstration.run(in_silence, never)
    assert signwatch.monitoring.baselines.in_force_id() == kept.baseline_id


def test_whoever_may_not_make_a_baseline_goes_without(signwatch: Services) -> None:
    signwatch.demonstration.run(in_silence, never, with_baseline=False)
    assert signwatch.monitoring.baselines.in_force() is None


def test_it_stops_when_asked(signwatch: Services) -> None:
    with pytest.raises(Cancelled, match=r"Stopped at step \d, "):
        signwatch.demonstration.run(in_silence, lambda: True, with_baseline=False)
    assert signwatch.captures.count(CaptureFilter()) <= 1


def test_a_viewer_may_not(signwatch: Services) -> None:
    act_as(Analyst("eve", Role.VIEWER))
    try:
        with pytest.raises(Forbidden, match=Permission.TRAFFIC.value):
            signwatch.demonstration.run(in_silence, never)
    finally:
        act_as(Analyst("local"))
