"""Baselines over HTTP: what is no name, no time and no text is refused."""

import pytest

from core.services import Services
from tests.support.endpoint import Refusals

HOUR = '"since": "2022-02-14T17:00:00Z", "until": "2022-02-14T18:00:00Z"'


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (f'{HOUR}, "endpoint": 7', "endpoint must be a name, got 7"),
        (f'{HOUR}, "endpoint": true', "endpoint must be a name, got True"),
        (f'{HOUR}, "endpoint": NaN', "endpoint must be a name, got nan"),
        (f'{HOUR}, "endpoint": ["cars"]', "endpoint must be a name, got ['cars']"),
        (
            f'{HOUR}, "endpoint": "a b"',
            "endpoint name must be 1 to 63 letters, digits and inner hyphens, got 'a b'",
        ),
        (
            '"since": 7, "until": NaN',
            "expected a time like 2026-02-14T17:00:00Z, got 7",
        ),
        (
            '"since": null, "until": null',
            "expected times like 2026-02-14T17:00:00Z in since and until, got null",
        ),
        (
            '"statistics": {}, "constraints": "{}", "origin": "a"',
            "statistics, constraints and origin must be texts",
        ),
        (
            '"window": 1',
            "a baseline is made from since and until (and endpoint), or from statistics, "
            "constraints and origin, got window",
        ),
    ],
)
def test_what_makes_no_baseline_is_refused(
    refusals: Refusals, signwatch: Services, fields: str, message: str
) -> None:
    content = f"{{{fields}}}".encode()
    refusals.expect(400, "BadInput", message, path="/api/baselines", content=content)
    assert signwatch.monitoring.baselines.all() == []
