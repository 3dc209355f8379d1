"""The endpoints that are served: an unknown name is a mistake, and makes no new one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from core.errors import NotFound
from core.records.names import DEFAULT_ENDPOINT, check_endpoint_name

REFRESH_SECONDS = 5
MOST_NAMED = 20  # in a message


class Endpoints:
    """Names of endpoints: the default one, those of the settings, and those of the log.

    Parameters
    ----------
    named
        Of the settings.
    in_log
        Reads the names that the log has. Asked where a name is unknown, at most every
        REFRESH_SECONDS: another process, or an import, may have added it.
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        named: Iterable[str],
        in_log: Callable[[], Iterable[str]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._known = {DEFAULT_ENDPOINT, *named}
        self._in_log = in_log
        self._clock = clock
        self._read_at: float | None = None

    def knows(self, name: str) -> bool:
        """Whether a name is known without a look into the log."""
        return name in self._known

    def add(self, name: str) -> None:
        """A name that the log has from now on."""
        self._known = {*self._known, name}

    def check(self, name: str) -> str:
        """The name of an endpoint that is served; raises BadInput and NotFound."""
        check_endpoint_name(name)
        if name not in self._known:
            self._read()
        if name not in self._known:
            known = sorted(self._known)
            more = f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else ""
            raise NotFound(
                f"there is no endpoint {name}; known: {', '.join(known[:MOST_NAMED])}{more}. "
                "SIGNWATCH_ENDPOINTS names further ones"
            )
        return name

    def _read(self) -> None:
        at = self._clock()
        if self._read_at is None or at - self._read_at >= REFRESH_SECONDS:
            self._read_at = at
            self._known = {*self._known, *self._in_log()}
