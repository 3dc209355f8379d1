"""SageMaker's inference contract: /ping and /invocations."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core import services
from core.capture.provenance import RequestFacts
from core.endpoint.content import FORM, form_files
from core.endpoint.guard import error_response, read_body
from core.endpoint.json_body import TEXT
from core.endpoint.openapi import BYTES, Described
from core.errors import BadInput, SignwatchError
from core.invocations import (
    CONTENT_TYPES,
    CSV,
    JSON,
    NPY,
    Opened,
    RequestLimits,
    choose_answer_type,
    open_files,
    open_request,
    render_answer,
)
from core.records.media_types import media_type_of
from core.records.names import DEFAULT_ENDPOINT
from core.services import Inference

INFERENCE_ID = "x-amzn-sagemaker-inference-id"
CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
IMAGES = {
    "type": "object",
    "properties": {"images": {"type": "array", "items": {"type": "string", "format": "byte"}}},
    "required": ["images"],
}


@Described()
async def ping(request: Request) -> Response:
    """200 when the model answers and the log reads and takes writes, else 503 with the reason."""
    await run_in_threadpool(lambda: services.current().check())
    return JSONResponse({"status": "ok"})


@Described(
    body=dict.fromkeys((*CONTENT_TYPES, FORM), BYTES) | {JSON: IMAGES},
    headers={INFERENCE_ID: TEXT, CUSTOM_ATTRIBUTES: TEXT, "accept": TEXT},
    answer={JSON: {"type": ["object", "array"]}, NPY: BYTES, CSV: BYTES},
)
async def invocations(request: Request) -> Response:
    """Predict the images of one request, and capture them."""
    inference = services.current().inference
    endpoint = request.path_params.get("name", DEFAULT_ENDPOINT)
    if not inference.endpoints.knows(endpoint):
        await run_in_threadpool(inference.endpoints.check, endpoint)
    with inference.request(endpoint) as answered:
        try:
            response = await _invoke(request, inference, endpoint)
        except SignwatchError as error:
            response = error_response(error)
        except Exception:
            answered(500)
            raise
        answered(response.status_code)
        return response


async def _invoke(request: Request, inference: Inference, endpoint: str) -> Response:
    content_type = request.headers.get("content-type", "")
    accept = ", ".join(request.headers.getlist("accept"))
    choose_answer_type(accept, content_type)  # refused before the body comes
    inference_id = _header(request, INFERENCE_ID, 64)
    custom_attributes = _header(request, CUSTOM_ATTRIBUTES, 1024)
    body = await read_body(request, inference.limits.max_body_bytes)
    media_type, opened = await _opener(body, content_type, inference.limits)
    answer_type = choose_answer_type(accept, media_type)
    # Received is when all of it is there: a slow upload shall not slip by the watch as late.
    facts = RequestFacts(
        endpoint=endpoint,
        input_content_type=media_type,
        output_content_type=answer_type,
        inference_id=inference_id,
        custom_attributes=custom_attributes,
    )
    # Only what has come takes a place: a client that sends slowly holds up nobody.
    with inference.admitted():
        # A request that is given up meanwhile leaves its future to the thread that will set it.
        answer = await asyncio.shield(asyncio.wrap_future(inference.submit(opened, facts)))
    content = render_answer(answer_type, answer.predictions, answer.capture_ids)
    # Without a charset also where Starlette adds one: some clients take the name literally.
    headers = {"content-type": answer_type, "x-amzn-invoked-production-variant": "AllTraffic"}
    if facts.custom_attributes:
        headers[CUSTOM_ATTRIBUTES] = facts.custom_attributes
    return Response(content, headers=headers)


async def _opener(
    body: bytes, content_type: str, limits: RequestLimits
) -> tuple[str, Callable[[], Sequence[Opened]]]:
    """Its media type, and what finds its images."""
    if media_type_of(content_type, body) != FORM:
        return media_type_of(content_type, body), partial(open_request, body, content_type, limits)
    files = await form_files(body, content_type, limits.max_batch)
    media_type = media_type_of("", files[0]) if len(files) == 1 else FORM
    return media_type, partial(open_files, files, limits)


def _header(request: Request, name: str, longest: int) -> str | None:
    value = request.headers.get(name)
    if value is None:
        return None
    if len(value) > longest or not re.fullmatch(r"[\x20-\x7e]*", value):
        raise BadInput(
            f"{name} takes at most {longest} printable ASCII characters, got {len(value)}"
        )
    return value
