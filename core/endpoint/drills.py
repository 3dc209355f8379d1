"""Drills through the running process: start one, follow it, cancel it, list the reports."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core import services
from core.endpoint.guard import read_body
from core.endpoint.json_body import NAME, NUMBER, WHOLE, Fields
from core.endpoint.openapi import Described
from core.records.drills import DrillPlan

MAX_PLAN_BYTES = 10_000
LISTED = 100
PLAN = Fields({"share": NUMBER, "target": WHOLE, "attack": NAME, "seed": WHOLE})


@Described()
async def list_drills(request: Request) -> Response:
    """The latest reports of drills, newest first."""
    reports = await run_in_threadpool(services.current().simulation.drills.latest, LISTED)
    return JSONResponse({"drills": [report.to_json() for report in reports]})


@Described(body={"application/json": PLAN.schema()}, status=202)
async def start_drill(request: Request) -> Response:
    """Start a drill: `share`, `target`, `attack`, `seed`, all optional; answers its id."""
    plan = DrillPlan(**PLAN.read(await read_body(request, MAX_PLAN_BYTES)))
    drill_id = await run_in_threadpool(services.current().simulation.drills.start, plan)
    return JSONResponse({"drill_id": drill_id}, status_code=202)


@Described()
async def read_drill(request: Request) -> Response:
    """How far a drill is (`done`, `total`, `text`), or its `report`; the error that it ended with.

    Of one that was started elsewhere, only the report is known.
    """
    return JSONResponse(await run_in_threadpool(_read, request.path_params["drill_id"]))


@Described(status=202)
async def cancel_drill(request: Request) -> Response:
    """Ask a drill that is in progress to stop."""
    services.current().simulation.drills.cancel(request.path_params["drill_id"])
    return JSONResponse({}, status_code=202)


def _read(drill_id: str) -> dict[str, Any]:
    drills = services.current().simulation.drills
    job = drills.job(drill_id)
    if job is None:
        return {"report": drills.report(drill_id).to_json()}
    if not job.ended:
        return vars(job.reached)
    return {"report": job.result().to_json()}
