"""SageMaker's inference contract: /ping and /invocations."""

from __future__ import annotations

import asyncio
import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core import services
from core.capture.provenance import RequestFacts
from core.endpoint.guard import error_response, read_body
from core.errors import BadInput, SignwatchError
from core.invocations import choose_answer_type, parse_request, render_answer
from core.records import names
from core.records.names import DEFAULT_ENDPOINT
from core.services import Inference

INFERENCE_ID = "x-amzn-sagemaker-inference-id"
CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"


async def ping(request: Request) -> Response:
    """200 when the model answers and the store takes writes, 503 with the reason otherwise."""
    await run_in_threadpool(lambda: services.current().inference.check_health())
    return JSONResponse({"status": "ok"})


async def invocations(request: Request) -> Response:
    """Predict the images of one request, and capture them."""
    inference = services.current().inference
    endpoint = names.check_endpoint_name(request.path_params.get("name", DEFAULT_ENDPOINT))
    with inference.request(endpoint) as answered:
        try:
            with inference.admitted():
                response = await _invoke(request, inference, endpoint)
        except SignwatchError as error:
            response = error_response(error)
        answered(response.status_code)
        return response


async def _invoke(request: Request, inference: Inference, endpoint: str) -> Response:
    content_type = request.headers.get("content-type", "")
    answer_type = choose_answer_type(request.headers.get("accept"), content_type)
    inference_id = _header(request, INFERENCE_ID, 64)
    custom_attributes = _header(request, CUSTOM_ATTRIBUTES, 1024)
    body = await read_body(request, inference.limits.max_body_bytes)
    # Received is when all of it is there: a slow upload shall not slip by the watch as late.
    facts = RequestFacts(
        endpoint=endpoint,
        input_content_type=content_type.partition(";")[0].strip().lower(),
        output_content_type=answer_type,
        inference_id=inference_id,
        custom_attributes=custom_attributes,
    )
    answered = inference.submit(lambda: parse_request(body, content_type, inference.limits), facts)
    # A request that is given up meanwhile leaves its future to the thread that will set it.
    answer = await asyncio.shield(asyncio.wrap_future(answered))
    content = render_answer(answer_type, answer.predictions, answer.capture_ids)
    headers = {"x-amzn-invoked-production-variant": "AllTraffic"}
    if facts.custom_attributes:
        headers[CUSTOM_ATTRIBUTES] = facts.custom_attributes
    return Response(content, media_type=answer_type, headers=headers)


def _header(request: Request, name: str, longest: int) -> str | None:
    value = request.headers.get(name)
    if value is None:
        return None
    if len(value) > longest or not re.fullmatch(r"[\x20-\x7e]*", value):
        raise BadInput(
            f"{name} takes at most {longest} printable ASCII characters, got {len(value)}"
        )
    return value
