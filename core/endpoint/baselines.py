"""Baselines through the running process."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core import services
from core.endpoint.guard import json_object, read_body
from core.errors import BadInput
from core.monitoring.formats.json_fields import MAX_BYTES
from core.records import names
from core.records.monitoring import BaselineFiles
from core.records.window import Window, parse_time

FILES = {"statistics", "constraints", "origin"}
STRETCH = {"since", "until", "endpoint"}


async def list_baselines(request: Request) -> Response:
    """The baselines, newest first, and which one is in force."""
    return JSONResponse(await run_in_threadpool(list_all))


async def add_baseline(request: Request) -> Response:
    """Make a baseline and put it in force.

    From captures: `since`, `until`, and `endpoint`, which is optional. Or from files: the texts
    `statistics` and `constraints`, and their `origin`.
    """
    options = json_object(await read_body(request, 4 * MAX_BYTES))  # texts in JSON are escaped
    return JSONResponse(await run_in_threadpool(add, options))


async def read_baseline(request: Request) -> Response:
    """`statistics.json` and `constraints.json` of one baseline, as texts."""
    baseline_id = request.path_params["baseline_id"]
    return JSONResponse(await run_in_threadpool(read, baseline_id))


def list_all() -> dict[str, Any]:
    """What `GET /api/baselines` answers."""
    baselines = services.current().baselines
    return {
        "in_force": baselines.in_force_id(),
        "baselines": [stored.to_json() for stored in baselines.all()],
    }


def add(options: dict[str, Any]) -> dict[str, Any]:
    """Keep a baseline and put it in force."""
    baselines = services.current().baselines
    if options.keys() == FILES:
        texts = [options[name] for name in ("statistics", "constraints", "origin")]
        if not all(isinstance(text, str) for text in texts):
            raise BadInput("statistics, constraints and origin must be texts")
        statistics, constraints, origin = texts
        files = BaselineFiles(statistics, constraints)
        return baselines.add(files, origin=origin).to_json()
    if not {"since", "until"} <= options.keys() <= STRETCH:
        raise BadInput(
            "a baseline is made from since and until (and endpoint), or from statistics, "
            f"constraints and origin, got {', '.join(sorted(options)) or 'nothing'}"
        )
    return baselines.create(_window(options)).to_json()


def read(baseline_id: str) -> dict[str, Any]:
    """What `GET /api/baselines/{baseline_id}` answers."""
    return vars(services.current().baselines.files(baseline_id))


def _window(options: dict[str, Any]) -> Window:
    endpoint = options.get("endpoint")
    if endpoint is not None:
        names.check_endpoint_name(str(endpoint))
    start, end = parse_time(options["since"]), parse_time(options["until"])
    if start is None or end is None:
        raise BadInput("expected times like 2026-02-14T17:00:00Z in since and until, got null")
    if start >= end:
        raise BadInput(f"the stretch must begin before it ends, got {start} to {end}")
    return Window(start, end, endpoint)
