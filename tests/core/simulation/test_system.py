"""What a drill asks of the running program."""

import pytest

from core.errors import Conflict
from core.records.window import now
from core.services import Services
from core.simulation.drill_traffic import Sign
from core.store import ExecutionsTable
from tests.support.drilling import run, use_baseline
from tests.support.records import make_execution


def test_while_an_alert_lasts_that_is_no_drills(drilled: Services, signs: list[Sign]) -> None:
    use_baseline(drilled, signs)
    execution = make_execution(now())
    ExecutionsTable(drilled.log.database).begin(execution)
    drilled.alerts.consider(execution)
    drilled.alerts.flush()
    with pytest.raises(
        Conflict, match=r"^an alert has lasted since .* that is not from a drill \("
    ):
        run(drilled)


def test_without_captures_of_the_drill_it_is_in_vain(signwatch: Services) -> None:
    system = signwatch.simulation.drills._system
    with pytest.raises(Conflict, match=r"^none of the drill's requests was captured"):
        system.attack_began("none")
    assert not system.checked_everything()
    assert system.reported_alarm(14, now()) is None


def test_a_channel_without_a_delivery_is_named(drilled: Services) -> None:
    (outcome,) = drilled.simulation.drills._system.alert_outcomes("none", now(), 60)
    assert (outcome.delivered, outcome.reason) == (False, "nothing was sent within 60 s")
    assert outcome.channel == drilled.alerts.channels[0].label
