"""Baselines through the running process."""

from __future__ import annotations

from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core import services
from core.endpoint.guard import read_body
from core.endpoint.json_body import NAME, TEXT, TIME, Fields
from core.endpoint.openapi import Described
from core.monitoring.formats.json_fields import MAX_BYTES

FILE = replace(TEXT, problem="statistics, constraints and origin must be texts")
BASELINE = Fields(
    {
        "since": TIME.or_null(),
        "until": TIME.or_null(),
        "endpoint": NAME.or_null(),
        "statistics": FILE,
        "constraints": FILE,
        "origin": FILE,
    },
    open=True,  # whoever makes the baseline knows which of them go together
)


@Described()
async def list_baselines(request: Request) -> Response:
    """The baselines, newest first, and which one is in force."""
    return JSONResponse(await run_in_threadpool(services.current().monitoring.baselines.to_json))


@Described(body={"application/json": BASELINE.schema()})
async def add_baseline(request: Request) -> Response:
    """Create a baseline and put it in force.

    From captures: `since`, `until`, and `endpoint`, which is optional. Or from files: the texts
    `statistics` and `constraints`, and their `origin`.
    """
    options = BASELINE.read(await read_body(request, 4 * MAX_BYTES))  # texts in JSON are escaped
    stored = await run_in_threadpool(services.current().monitoring.baselines.add_with, options)
    return JSONResponse(stored.to_json())


@Described()
async def read_baseline(request: Request) -> Response:
    """`statistics.json` and `constraints.json` of one baseline, as texts."""
    baseline_id = request.path_params["baseline_id"]
    files = await run_in_threadpool(services.current().monitoring.baselines.files, baseline_id)
    return JSONResponse(vars(files))
