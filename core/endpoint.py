"""The HTTP interface: SageMaker's /ping and /invocations, and what our own commands call."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import sagemaker, services
from core.capture import RequestFacts
from core.errors import BadInput, SignwatchError, TooLarge
from core.images import Picture
from core.types import DEFAULT_ENDPOINT, Window

Handler = Callable[[Request], Awaitable[Response]]
INFERENCE_ID = "x-amzn-sagemaker-inference-id"
CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
MAX_COMMAND_BYTES = 100_000


def _guarded(handler: Handler) -> Handler:
    """Render our errors as JSON that people and botocore read."""

    async def guarded(request: Request) -> Response:
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

    return guarded


async def ping(request: Request) -> Response:
    """200 when the model answers and the store takes writes, 503 with the reason otherwise."""

    def check() -> None:
        running = services.current()
        running.log.check_writable()

    await run_in_threadpool(check)
    return JSONResponse({"status": "ok"})


async def invocations(request: Request) -> Response:
    """Predict and capture the pictures of one request."""
    running = services.current()
    endpoint = sagemaker.check_endpoint_name(request.path_params.get("name", DEFAULT_ENDPOINT))
    content_type = request.headers.get("content-type", "")
    answer_type = sagemaker.choose_answer_type(request.headers.get("accept"), content_type)
    facts = RequestFacts(
        endpoint=endpoint,
        input_content_type=content_type.partition(";")[0].strip().lower(),
        output_content_type=answer_type,
        inference_id=_header(request, INFERENCE_ID, 64),
        custom_attributes=_header(request, CUSTOM_ATTRIBUTES, 1024),
    )
    body = await _read_body(request, running.limits.max_body_bytes)

    def work() -> Response:
        pictures = sagemaker.parse_request(body, content_type, running.limits)
        answer = running.invoke(pictures, facts)
        content = sagemaker.render_answer(answer_type, answer.predictions, answer.capture_ids)
        headers = {"x-amzn-invoked-production-variant": "AllTraffic"}
        if facts.custom_attributes:
            headers[CUSTOM_ATTRIBUTES] = facts.custom_attributes
        return Response(content, media_type=answer_type, headers=headers)

    return await run_in_threadpool(work)


async def references(request: Request) -> Response:
    """Keep a clean picture, so that captures can name it; answers its SHA-256."""
    running = services.current()
    body = await _read_body(request, running.limits.max_body_bytes)

    def work() -> str:
        return running.keep_reference(Picture.from_file(body, running.limits.image))

    return JSONResponse({"sha256": await run_in_threadpool(work)})


async def monitor_run(request: Request) -> Response:
    """Run the monitor over {"since", "until", "endpoint", "threshold"}, all optional."""
    options = _json_object(await _read_body(request, MAX_COMMAND_BYTES))
    return JSONResponse(await run_in_threadpool(run_monitor, options))


async def triage_export(request: Request) -> Response:
    """A ZIP of everything decided."""
    content = await run_in_threadpool(lambda: services.current().export_decided())
    return Response(content, media_type="application/zip")


def run_monitor(options: dict[str, Any]) -> dict[str, Any]:
    """One execution with the options of `monitor run`; what is missing takes its default."""
    unknown = options.keys() - {"since", "until", "endpoint", "threshold"}
    if unknown:
        raise BadInput(f"unknown option {min(unknown)!r}; known: since, until, endpoint, threshold")
    threshold = options.get("threshold")
    if threshold is not None and type(threshold) not in (int, float):
        raise BadInput(f"threshold must be a number, got {threshold!r}")
    endpoint = options.get("endpoint")
    if endpoint is not None:
        sagemaker.check_endpoint_name(str(endpoint))
    running = services.current()
    live = running.live_window(endpoint)
    since, until = parse_time(options.get("since")), parse_time(options.get("until"))
    window = Window(since or live.start, until or live.end, live.endpoint)
    if window.start >= window.end:
        raise BadInput(f"the window must begin before it ends, got {window.start} to {window.end}")
    return running.run_monitor(window, threshold=threshold).to_json()


def parse_time(text: object) -> datetime | None:
    """ISO 8601 with a zone (or UTC without one) -> aware, in UTC; None stays None."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(f"expected a time like 2026-02-14T17:00:00Z, got {text!r}") from None


def _header(request: Request, name: str, longest: int) -> str | None:
    value = request.headers.get(name)
    if value is None:
        return None
    if len(value) > longest or not re.fullmatch(r"[\x20-\x7e]*", value):
        raise BadInput(
            f"{name} takes at most {longest} printable ASCII characters, got {len(value)}"
        )
    return value


async def _read_body(request: Request, max_bytes: int) -> bytes:
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


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the body is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadInput(f"expected a JSON object, got {type(document).__name__}")
    return document


ROUTES = [
    Route("/ping", _guarded(ping), methods=["GET"]),
    Route("/invocations", _guarded(invocations), methods=["POST"]),
    Route("/endpoints/{name}/invocations", _guarded(invocations), methods=["POST"]),
    Route("/api/references", _guarded(references), methods=["POST"]),
    Route("/api/monitor/run", _guarded(monitor_run), methods=["POST"]),
    Route("/api/triage/export", _guarded(triage_export), methods=["GET"]),
]
