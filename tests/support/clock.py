"""A clock that goes only where it is set."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.support.records import NOON


@dataclass
class Clock:
    """Called, it says the time."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def go(self, **lengths: float) -> None:
        """On, or back, by `timedelta(**lengths)`."""
        self.at += timedelta(**lengths)
