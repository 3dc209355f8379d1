"""What every route does alike: access, errors as JSON, bodies read up to a limit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from core import services
from core.endpoint.access import check_access
from core.errors import BadInput, SignwatchError, TooLarge, TooSlow

Handler = Callable[[Request], Awaitable[Response]]
BODY_SECONDS = 60
RETRY_SECONDS = 1
# What botocore shows as the code of an error.
AWS_CODES = {401: "UnrecognizedClientException", 403: "AccessDeniedException"}


def guarded(handler: Handler, *, public: bool = False) -> Handler:
    """Check access (unless `public`), and render our errors as JSON that botocore reads too."""

    @wraps(handler)
    async def answered(request: Request) -> Response:
        try:
            if not public:
                check_access(request, services.current().settings.api_token)
            return await handler(request)
        except SignwatchError as error:
            return error_response(error)
        except ClientDisconnect:
            return Response(status_code=499)

    return answered


def error_response(error: SignwatchError, code: str | None = None) -> JSONResponse:
    """The answer that carries an error. code: its name at AWS, where an operation has one."""
    general = "ModelError" if error.status >= 500 else "ValidationError"
    headers = {"x-amzn-errortype": code or AWS_CODES.get(error.status, general)}
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    if error.status == 503:
        headers["retry-after"] = str(RETRY_SECONDS)
    content = {"message": str(error), "error": type(error).__name__}
    content |= {"__type": code} if code else {}
    return JSONResponse(content, status_code=error.status, headers=headers)


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The body, given up as soon as it is known to be too long, or too slow."""
    problem = f"the body is longer than {max_bytes:,} bytes (SIGNWATCH_MAX_BODY_BYTES)"
    announced = request.headers.get("content-length", "")
    # Python reads no more than 4,300 digits.
    if announced.isdecimal() and (len(announced) > 20 or int(announced) > max_bytes):
        raise TooLarge(problem)
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > max_bytes:
                    raise TooLarge(problem)
                parts.append(part)
    except TimeoutError:
        raise TooSlow(
            f"the body did not arrive within {BODY_SECONDS} s; {size:,} bytes of it came"
        ) from None
    return b"".join(parts)


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a body holds; an empty body is an empty one. Raises BadInput.

    Texts that are no Unicode are refused: neither the log nor an answer can hold half of a
    surrogate pair, which Python's parser lets through.
    """
    try:
        document = json.loads(body or b"{}")
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the body is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadInput(f"expected a JSON object, got {type(document).__name__}")
    return document
