"""What every route does alike: errors as JSON, bodies read up to a limit."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from core.errors import BadInput, SignwatchError, TooLarge

Handler = Callable[[Request], Awaitable[Response]]


def guarded(handler: Handler) -> Handler:
    """Render our errors as JSON that people and botocore read."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except SignwatchError as error:
            kind = "ModelError" if error.status >= 500 else "ValidationError"
            return JSONResponse(
                {"message": str(error), "error": type(error).__name__},
                status_code=error.status,
                headers={"x-amzn-errortype": kind},
            )
        except ClientDisconnect:
            return Response(status_code=499)

    return answered


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The body, given up as soon as it is known to be too long."""
    problem = f"the body is longer than {max_bytes:,} bytes (SIGNWATCH_MAX_BODY_BYTES)"
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise TooLarge(problem)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            raise TooLarge(problem)
        parts.append(part)
    return b"".join(parts)


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a body holds; an empty body is an empty one. Raises BadInput."""
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the body is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadInput(f"expected a JSON object, got {type(document).__name__}")
    return document
