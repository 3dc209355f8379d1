"""Routes whose paths answer every method: OPTIONS, and 405 with those that there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from core.endpoint.guard import error_response
from core.errors import NotAllowed


def answering_every_method(routes: Sequence[Route], *, shared: str) -> list[Route]:
    """The routes; the last one of each path answers what no other does.

    shared: a path that others have routes of as well, who answer the rest there.
    """
    methods: defaultdict[str, set[str]] = defaultdict(lambda: {"OPTIONS"})
    last: dict[str, Route] = {}
    for route in routes:
        methods[route.path] |= route.methods or set()
        last[route.path] = route
    return [
        _Last(route, methods[route.path])
        if route is last[route.path] and route.path != shared
        else route
        for route in routes
    ]


class _Last(Route):
    def __init__(self, route: Route, allowed: set[str]) -> None:
        super().__init__(route.path, route.endpoint, methods=list(route.methods or ()))
        self._allowed = ", ".join(sorted(allowed))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return (Match.NONE if match is Match.NONE else Match.FULL), child

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in (self.methods or ()):
            await self.app(scope, receive, send)
            return
        response = Response(status_code=204)
        if scope["method"] != "OPTIONS":
            problem = f"{scope['path']} takes {self._allowed}, got {scope['method']}"
            response = error_response(NotAllowed(problem))
        response.headers["allow"] = self._allowed
        await response(scope, receive, send)
