"""The HTTP interface in OpenAPI 3.1, made of what stands beside each route."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.routing import Route

from core.endpoint.json_body import Document, Kind

VERSION = "1"  # of the interface; it grows when something is taken away
ERROR = {
    "type": "object",
    "properties": {"message": {"type": "string"}, "error": {"type": "string"}},
    "required": ["message", "error"],
}
BYTES: Document = {}  # of media types that are no JSON
ANY_OBJECT: Document = {"type": "object"}
Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True)
class Described:
    """What a route takes and gives.

    Attributes
    ----------
    body, answer
        JSON Schema by media type.
    query, headers
        Kind by name.
    status
        Of the answer, where all is well.
    """

    body: Mapping[str, Document] = field(default_factory=dict)
    query: Mapping[str, Kind] = field(default_factory=dict)
    headers: Mapping[str, Kind] = field(default_factory=dict)
    answer: Mapping[str, Document] = field(default_factory=lambda: {"application/json": ANY_OBJECT})
    status: int = 200

    def __call__(self, handler: Handler) -> Handler:
        """As a decorator: what `handler` does."""
        handler.described = self  # type: ignore[attr-defined]
        return handler


def openapi(routes: Iterable[Route]) -> Document:
    """The description of all routes."""
    paths: dict[str, Document] = {}
    for route in routes:
        for method in (route.methods or set()) - {"HEAD"}:
            paths.setdefault(route.path, {})[method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Signwatch", "version": VERSION},
        "paths": paths,
        "components": {
            "schemas": {"Error": ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _operation(route: Route) -> Document:
    described: Described = route.endpoint.described  # type: ignore[attr-defined]
    summary, _, rest = inspect.cleandoc(route.endpoint.__doc__ or "").partition("\n\n")
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    operation: Document = {
        "operationId": "_".join((route.endpoint.__name__, *route.param_convertors)),
        "summary": " ".join(summary.split()),
        "parameters": [
            *(_parameter(name, "path", {"type": "string"}) for name in route.param_convertors),
            *(_parameter(name, "query", kind.schema) for name, kind in described.query.items()),
            *(_parameter(name, "header", kind.schema) for name, kind in described.headers.items()),
        ],
        "responses": {
            str(described.status): {"description": "Done", "content": _content(described.answer)},
            "default": {"description": "What was expected, what came", "content": error},
        },
    }
    if rest:
        operation["description"] = " ".join(rest.split())
    if described.body:
        operation["requestBody"] = {"content": _content(described.body)}
    return operation


def _parameter(name: str, place: str, schema: Mapping[str, Any]) -> Document:
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, "schema": dict(schema)} | required


def _content(schemas: Mapping[str, Document]) -> Document:
    return {name: {"schema": schema} for name, schema in schemas.items()}
