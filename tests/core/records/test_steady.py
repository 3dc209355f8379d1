"""A clock that is set ahead by mistake makes nothing old."""

import logging
from datetime import timedelta

import pytest

from core.records.steady import BELIEVED, TOLERANCE, SteadyClock, running
from tests.support.clock import Clock
from tests.support.records import NOON

DAY = timedelta(days=1)


class Machine:
    """A clock, and how long the machine has run."""

    def __init__(self) -> None:
        self.clock, self.seconds = Clock(), 1000.0
        self.steady = SteadyClock(self.clock, lambda: self.seconds)

    def goes_on(self, length: timedelta) -> None:
        self.clock.at += length
        self.seconds += length.total_seconds()


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_it_goes_with_the_clock(machine: Machine) -> None:
    for length in (timedelta(seconds=1), DAY, 400 * DAY):  # it may sleep meanwhile
        machine.goes_on(length)
        assert machine.steady() == machine.clock.at


def test_a_jump_ahead_is_not_believed_for_a_day(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    machine.clock.at += 400 * DAY
    machine.goes_on(timedelta(hours=1))
    assert machine.steady() == NOON + timedelta(hours=1)
    assert caplog.messages == [
        "The clock was set ahead, from 2026-02-14 13:00:00 to 2027-03-21 13:00:00 UTC. Nothing is "
        "deleted for its age because of that in the next 24 h"
    ]
    machine.goes_on(BELIEVED - timedelta(seconds=1))
    assert machine.steady() == machine.clock.at - 400 * DAY
    machine.goes_on(timedelta(seconds=1))
    assert machine.steady() == machine.clock.at
    machine.goes_on(timedelta(hours=1))
    assert machine.steady() == machine.clock.at
    assert len(caplog.messages) == 1


def test_a_clock_that_is_put_right_again_is_believed_at_once(machine: Machine) -> None:
    machine.clock.at += 400 * DAY
    assert machine.steady() == NOON
    machine.clock.at -= 400 * DAY
    machine.goes_on(timedelta(hours=1))
    assert machine.steady() == machine.clock.at
    machine.clock.at += 400 * DAY  # a day from now on, not from the first time
    machine.goes_on(timedelta(hours=23, minutes=30))
    machine.steady()
    machine.goes_on(timedelta(hours=1))
    assert machine.steady() == machine.clock.at - 400 * DAY


def test_back_it_follows_at_once(machine: Machine) -> None:
    machine.clock.at -= 400 * DAY
    assert machine.steady() == NOON - 400 * DAY
    machine.goes_on(timedelta(hours=1))
    assert machine.steady() == machine.clock.at


def test_little_steps_ahead_are_followed(machine: Machine) -> None:
    machine.clock.at += TOLERANCE
    assert machine.steady() == NOON + TOLERANCE


def test_a_machine_runs_on() -> None:
    assert 0 < running() <= running()
