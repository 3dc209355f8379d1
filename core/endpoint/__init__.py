"""The HTTP interface: SageMaker's contract, and what our own commands call."""

from starlette.routing import Route

from core.endpoint import commands, inference
from core.endpoint.guard import guarded

ROUTES = [
    Route("/ping", guarded(inference.ping), methods=["GET"]),
    Route("/invocations", guarded(inference.invocations), methods=["POST"]),
    Route("/endpoints/{name}/invocations", guarded(inference.invocations), methods=["POST"]),
    Route("/api/references", guarded(commands.references), methods=["POST"]),
    Route("/api/monitor/run", guarded(commands.monitor_run), methods=["POST"]),
    Route("/api/triage/export", guarded(commands.triage_export), methods=["GET"]),
]
