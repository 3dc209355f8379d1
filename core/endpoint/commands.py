"""What the command line asks of the running process."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core import services
from core.endpoint.guard import json_object, read_body
from core.images import ImageFile

MAX_COMMAND_BYTES = 100_000


async def references(request: Request) -> Response:
    """Keep a clean image, so that captures can name it; answers its SHA-256."""
    signwatch = services.current()
    limits = signwatch.inference.limits
    body = await read_body(request, limits.max_body_bytes)

    def work() -> str:
        return signwatch.captures.keep_reference(ImageFile.from_file(body, limits.image))

    return JSONResponse({"sha256": await run_in_threadpool(work)})


async def monitor_run(request: Request) -> Response:
    """Run the monitor: `since`, `until`, `endpoint`, `threshold`, all optional."""
    options = json_object(await read_body(request, MAX_COMMAND_BYTES))
    run = await run_in_threadpool(services.current().monitoring.run_with, options)
    return JSONResponse(run.to_json())


async def read_execution(request: Request) -> Response:
    """One run with its log and the records that could not be read."""
    read = services.current().monitoring.execution_in_full
    return JSONResponse(await run_in_threadpool(read, request.path_params["execution_id"]))


async def triage_export(request: Request) -> Response:
    """A ZIP of all verdicts: images by true class, manifest, annotations, audit trail."""
    content = await run_in_threadpool(lambda: services.current().triage.export())
    return Response(content, media_type="application/zip")
