"""Requests to the endpoint, and what they leave in the log."""

import base64
import json
from typing import Any

from starlette.testclient import TestClient

from core.records.captures import Capture
from core.records.queries import CaptureFilter
from core.services import Services
from tests.support.images import blocks, saved

EVERYTHING = CaptureFilter()


NPY = {"Content-Type": "application/x-npy"}


PNG = {"Content-Type": "image/png"}


JSON = {"Content-Type": "application/json"}


VERBOSE = "application/json;verbose=true"


IMAGE = saved(blocks(), "PNG")


def as_json(*files: bytes) -> bytes:
    return json.dumps({"images": [base64.b64encode(file).decode() for file in files]}).encode()


def captures(signwatch: Services) -> list[Capture]:
    return [item.capture for item in signwatch.log.find(EVERYTHING, limit=1000)]


def images_kept(signwatch: Services) -> int:
    return int(signwatch.log.database.rows("SELECT count(*) FROM log.images")[0][0])


class Refusals:
    """Requests that must be refused, and leave nothing behind."""

    def __init__(self, client: TestClient, signwatch: Services) -> None:
        self.client, self.signwatch = client, signwatch

    def expect(
        self,
        status: int,
        error: str,
        message: str | None,
        *,
        path: str = "/invocations",
        content: Any = b"",
        headers: dict[str, Any] | None = None,
    ) -> str:
        """The message; None as `message` takes any."""
        before = len(captures(self.signwatch)), images_kept(self.signwatch)
        answer = self.client.post(path, content=content, headers=headers or {})
        assert answer.status_code == status
        assert answer.headers["x-amzn-errortype"] == "ValidationError"
        assert answer.json() == {"message": message or answer.json()["message"], "error": error}
        assert (len(captures(self.signwatch)), images_kept(self.signwatch)) == before
        assert self.client.get("/ping").status_code == 200
        return str(answer.json()["message"])
