"""What the command line asks of the running process."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core import services
from core.endpoint.guard import json_object, read_body
from core.errors import BadInput
from core.images import ImageFile
from core.records import names
from core.records.window import Window, parse_time

MAX_COMMAND_BYTES = 100_000


async def references(request: Request) -> Response:
    """Keep a clean image, so that captures can name it; answers its SHA-256."""
    running = services.current()
    body = await read_body(request, running.inference.limits.max_body_bytes)

    def work() -> str:
        return running.captures.keep_reference(
            ImageFile.from_file(body, running.inference.limits.image)
        )

    return JSONResponse({"sha256": await run_in_threadpool(work)})


async def monitor_run(request: Request) -> Response:
    """Run the monitor: `since`, `until`, `endpoint`, `threshold`, all optional."""
    options = json_object(await read_body(request, MAX_COMMAND_BYTES))
    return JSONResponse(await run_in_threadpool(run_monitor, options))


async def read_execution(request: Request) -> Response:
    """One run with its log and the records that could not be read."""
    return JSONResponse(
        await run_in_threadpool(execution_in_full, request.path_params["execution_id"])
    )


async def triage_export(request: Request) -> Response:
    """A ZIP of all verdicts: images by true class, manifest, annotations, audit trail."""
    content = await run_in_threadpool(lambda: services.current().triage.export())
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
        names.check_endpoint_name(str(endpoint))
    running = services.current()
    live = running.live_window(endpoint)
    since, until = parse_time(options.get("since")), parse_time(options.get("until"))
    window = Window(since or live.start, until or live.end, live.endpoint)
    if window.start >= window.end:
        raise BadInput(f"the window must begin before it ends, got {window.start} to {window.end}")
    return running.run_monitor(window, threshold=threshold).to_json()


def execution_in_full(execution_id: str) -> dict[str, Any]:
    """What `GET /api/executions/{execution_id}` answers. log: null where none was kept."""
    running = services.current()
    document = running.log.execution(execution_id).to_json()
    log = running.executions.log_of(execution_id)
    records = [] if log is None else [record.to_json() for record in log.unreadable]
    return document | {"log": None if log is None else log.lines, "unreadable_records": records}
