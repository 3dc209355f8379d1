"""The HTTP interface: SageMaker's contract, and what our own commands call."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.endpoint import (
    baselines,
    commands,
    control_plane,
    drills,
    files,
    inference,
    monitoring_executions,
    operations,
)
from core.endpoint.door import Door
from core.endpoint.guard import guarded
from core.endpoint.openapi import Described, openapi
from core.endpoint.routing import answering_every_method


@Described()
async def openapi_json(request: Request) -> Response:
    """This interface in OpenAPI 3.1."""
    return JSONResponse(openapi(ROUTES))


__all__ = ["ROUTES", "Door"]

CAPTURE_CONFIG = "/api/endpoints/{name}/data-capture-config"
VIOLATIONS = "/signwatch/executions/{execution_id}/constraint_violations.json"
STATISTICS = "/signwatch/executions/{execution_id}/statistics.json"
_ROUTES = [
    Route("/ping", guarded(inference.ping), methods=["GET"]),
    Route("/invocations", guarded(inference.invocations), methods=["POST"]),
    Route("/endpoints/{name}/invocations", guarded(inference.invocations), methods=["POST"]),
    Route("/", guarded(control_plane.operation), methods=["POST"]),
    Route(VIOLATIONS, guarded(monitoring_executions.violations_file), methods=["GET"]),
    Route(STATISTICS, guarded(monitoring_executions.statistics_file), methods=["GET"]),
    Route("/api/openapi.json", guarded(openapi_json), methods=["GET"]),
    Route("/metrics", guarded(operations.metrics), methods=["GET"]),
    Route(CAPTURE_CONFIG, guarded(operations.read_capture_config), methods=["GET"]),
    Route(CAPTURE_CONFIG, guarded(operations.write_capture_config), methods=["PUT"]),
    Route("/api/references", guarded(commands.references), methods=["POST"]),
    Route("/api/monitor/run", guarded(commands.monitor_run), methods=["POST"]),
    Route("/api/executions/{execution_id}", guarded(commands.read_execution), methods=["GET"]),
    Route("/api/baselines", guarded(baselines.list_baselines), methods=["GET"]),
    Route("/api/baselines", guarded(baselines.add_baseline), methods=["POST"]),
    Route("/api/baselines/{baseline_id}", guarded(baselines.read_baseline), methods=["GET"]),
    Route("/api/drills", guarded(drills.list_drills), methods=["GET"]),
    Route("/api/drills", guarded(drills.start_drill), methods=["POST"]),
    Route("/api/drills/{drill_id}", guarded(drills.read_drill), methods=["GET"]),
    Route("/api/drills/{drill_id}", guarded(drills.cancel_drill), methods=["DELETE"]),
    Route("/api/captures/imports", guarded(files.imports), methods=["GET"]),
    Route("/api/captures/import", guarded(files.import_captures), methods=["POST"]),
    Route("/api/captures/export", guarded(files.export_captures), methods=["GET"]),
    Route("/api/captures/backup", guarded(files.backup), methods=["GET"]),
    Route("/api/ground-truth", guarded(files.ground_truth), methods=["POST"]),
    Route("/api/triage/export", guarded(commands.triage_export), methods=["GET"]),
]
# At "/" the pages answer, but for POST.
ROUTES = answering_every_method(_ROUTES, shared="/")
