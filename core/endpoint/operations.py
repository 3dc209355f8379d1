"""What operators ask for: metrics, and what of an endpoint's traffic is captured."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core import invocations, services
from core.endpoint.guard import read_body
from core.endpoint.json_body import LIST, PERCENTAGE, SWITCH, Fields
from core.endpoint.openapi import BYTES, Described
from core.records import names
from core.records.captures import CaptureSettings

MAX_CONFIG_BYTES = 100_000
CONFIG = Fields(
    {"EnableCapture": SWITCH, "InitialSamplingPercentage": PERCENTAGE, "CaptureOptions": LIST},
    open=True,  # fields about S3
)


@Described(answer={"text/plain": BYTES})
async def metrics(request: Request) -> Response:
    """The metrics, in Prometheus' text format."""
    content = await run_in_threadpool(services.current().metrics.render)
    return Response(content, headers={"content-type": CONTENT_TYPE_LATEST})


@Described()
async def read_capture_config(request: Request) -> Response:
    """What of an endpoint's traffic is captured, as SageMaker's DataCaptureConfig."""
    rules = services.current().captures.rules
    endpoint = names.check_endpoint_name(request.path_params["name"])
    settings = await run_in_threadpool(rules.of, endpoint)
    return JSONResponse(invocations.data_capture_config(settings))


@Described(body={"application/json": CONFIG.schema()})
async def write_capture_config(request: Request) -> Response:
    """Set what is captured, from the next request on; an endpoint that is new is served then.

    `EnableCapture`, `InitialSamplingPercentage` and `CaptureOptions`, as SageMaker writes them.
    """
    signwatch = services.current()
    endpoint = names.check_endpoint_name(request.path_params["name"])
    document = CONFIG.read(await read_body(request, MAX_CONFIG_BYTES))
    settings: CaptureSettings = invocations.parse_data_capture_config(document)
    await run_in_threadpool(signwatch.captures.rules.set, endpoint, settings)
    signwatch.inference.endpoints.add(endpoint)
    return JSONResponse(invocations.data_capture_config(settings))
