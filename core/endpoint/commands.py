"""What the command line asks of the running process."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core import services
from core.endpoint.content import FORM, form_files
from core.endpoint.download import download
from core.endpoint.guard import read_body
from core.endpoint.json_body import NAME, NUMBER, TIME, Fields
from core.endpoint.openapi import BYTES, Described
from core.invocations import IMAGE_TYPES, JSON
from core.records.media_types import media_type_of

MAX_COMMAND_BYTES = 100_000
RUN = Fields(
    {
        "since": TIME.or_null(),
        "until": TIME.or_null(),
        "endpoint": NAME.or_null(),
        "threshold": NUMBER.or_null(),
    }
)


@Described(body=dict.fromkeys((*IMAGE_TYPES, FORM), BYTES))
async def references(request: Request) -> Response:
    """Keep a clean image, so that captures can name it; answers its SHA-256."""
    inference, captures = services.current().inference, services.current().captures
    body = await read_body(request, inference.limits.max_body_bytes)
    content_type = request.headers.get("content-type", "")
    if media_type_of(content_type, body) == FORM:
        (body,) = await form_files(body, content_type, 1)
    with inference.admitted():
        # A request that is given up meanwhile leaves its future to the thread that will set it.
        (image,) = await asyncio.shield(asyncio.wrap_future(inference.store(body)))
        sha256 = await run_in_threadpool(captures.keep_stored, image)
    return JSONResponse({"sha256": sha256})


@Described(body={JSON: RUN.schema()})
async def monitor_run(request: Request) -> Response:
    """Run the monitor: `since`, `until`, `endpoint`, `threshold`, all optional."""
    options = RUN.read(await read_body(request, MAX_COMMAND_BYTES))
    run = await run_in_threadpool(services.current().monitoring.run_with, options)
    return JSONResponse(run.to_json())


@Described()
async def read_execution(request: Request) -> Response:
    """One run with its log and the records that could not be read."""
    read = services.current().monitoring.execution_in_full
    return JSONResponse(await run_in_threadpool(read, request.path_params["execution_id"]))


@Described(answer={"application/zip": BYTES})
async def triage_export(request: Request) -> Response:
    """A ZIP of all verdicts: images by true class, manifest, annotations, audit trail."""
    content = await run_in_threadpool(lambda: services.current().triage.export())
    return await download(request, content, "application/zip")
