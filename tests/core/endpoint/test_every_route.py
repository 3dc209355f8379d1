"""Every route answers whatever comes, and describes itself."""

import json
import threading

import pytest
from starlette.applications import Starlette

from core.endpoint import ROUTES
from core.endpoint.guard import ARRIVALS
from core.services import Services
from tests.fuzz.cases import Cases
from tests.fuzz.run import ask, fuzz, no_drills


@pytest.mark.filterwarnings("ignore")  # of numpy and Pillow, about damaged content
def test_ten_thousand_requests_and_no_5xx(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_SAMPLING", "10")  # a small log answers sooner
    signwatch: Services = request.getfixturevalue("signwatch")
    app = Starlette(routes=ROUTES)
    with no_drills(signwatch):
        outcome = fuzz(app, Cases(json.loads(ask(app, "/api/openapi.json")), seed=1), 10_000)
    assert outcome.failed == []
    assert sum(outcome.statuses.values()) == 10_000
    assert {200, 204, 206, 400, 404, 405, 406, 413, 415} <= outcome.statuses.keys()
    assert outcome.threads[1] <= outcome.threads[0] + 4
    assert outcome.descriptors[1] <= outcome.descriptors[0] + 4
    assert (len(ARRIVALS), signwatch.inference._admission.in_work) == (0, 0)
    assert threading.active_count() < 60
