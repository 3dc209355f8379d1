"""What every route does alike: errors as JSON, bodies read up to a limit."""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from core.endpoint.arrival import Arrivals
from core.endpoint.content import CODINGS, content_coding, decoded
from core.errors import SignwatchError, TooLarge

Handler = Callable[[Request], Awaitable[Response]]
BODY_SECONDS = 60
ARRIVALS = Arrivals()
RETRY_SECONDS = 1
# What botocore shows as the code of an error.
AWS_CODES = {401: "UnrecognizedClientException", 403: "AccessDeniedException"}


def guarded(handler: Handler) -> Handler:
    """Render our errors as JSON that botocore reads too."""

    @wraps(handler)
    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except SignwatchError as error:
            return error_response(error)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception:  # noqa: BLE001
            return unexpected_response(request)

    return answered


def unexpected_response(request: Request) -> JSONResponse:
    """The answer to what should not happen; the log of the process has the rest."""
    incident = uuid.uuid4().hex
    logging.getLogger(__name__).exception(
        "%s %s failed, incident %s", request.method, request.scope["path"], incident
    )
    message = f"the program failed; its log has the details under the id {incident}"
    content = {"message": message, "error": "InternalError", "id": incident}
    headers = {"x-amzn-errortype": "InternalFailure"}
    return JSONResponse(content, status_code=500, headers=headers)


def error_response(error: SignwatchError, code: str | None = None) -> JSONResponse:
    """The answer that carries an error. code: its name at AWS, where an operation has one."""
    general = "ModelError" if error.status >= 500 else "ValidationError"
    headers = {"x-amzn-errortype": code or AWS_CODES.get(error.status, general)}
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    if error.status == 503:
        headers["retry-after"] = str(RETRY_SECONDS)
    if error.status == 415:
        headers["accept-encoding"] = ", ".join(CODINGS)
    content = {"message": str(error), "error": type(error).__name__}
    content |= {"__type": code} if code else {}
    return JSONResponse(content, status_code=error.status, headers=headers)


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The body, without its coding; given up as soon as it is known to be too long, or too slow."""
    coding = content_coding(request.headers)
    problem = f"the body is longer than {max_bytes:,} bytes (SIGNWATCH_MAX_BODY_BYTES)"
    announced = request.headers.get("content-length", "")
    # Python reads no more than 4,300 digits.
    if announced.isdecimal() and (len(announced) > 20 or int(announced) > max_bytes):
        raise TooLarge(problem)
    body = await ARRIVALS.read(_up_to(max_bytes, request, problem), max_bytes, BODY_SECONDS)
    if coding is None:
        return body
    return await run_in_threadpool(decoded, body, coding, max_bytes, problem)


async def _up_to(max_bytes: int, request: Request, problem: str) -> AsyncIterator[bytes]:
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            raise TooLarge(problem)
        yield part
