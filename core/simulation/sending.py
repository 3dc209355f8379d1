"""Sends simulated requests, one after the other, over HTTP or within the process."""

from __future__ import annotations

import ssl
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import TracebackType
from typing import Any, Protocol

import httpx

from core.capture.provenance import format_provenance
from core.client import error_of, token_headers
from core.errors import BadInput, Unavailable
from core.images import ImageFile
from core.jobs import Progress
from core.records.captures import Provenance
from core.records.inference import Answer
from core.records.names import DEFAULT_ENDPOINT
from core.records.window import now
from core.simulation.traffic import SimulatedRequest


class Transport(Protocol):
    """The way that requests take to the endpoint."""

    def keep_reference(self, image: ImageFile) -> None:
        """Keep a clean image that provenances name."""

    def predict(self, image: ImageFile, provenance: Provenance) -> int:
        """Send one request; the class that was predicted."""


@dataclass(frozen=True)
class SendReport:
    """What was sent and answered.

    Parameters
    ----------
    sent, attacked
        Requests, and how many of them were attacked.
    since, until
        The window that holds all of them.
    seconds
        How long it took.
    counts
        Predicted class -> requests, the most frequent first.
    """

    sent: int
    attacked: int
    since: datetime
    until: datetime
    seconds: float
    counts: dict[int, int]

    def to_json(self) -> dict[str, Any]:
        """What `replay --json` prints."""
        return vars(self) | {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "counts": {str(class_id): n for class_id, n in self.counts.items()},
        }


def send(
    transport: Transport,
    requests: Sequence[SimulatedRequest],
    *,
    rate: float | None = None,
    progress: Progress,
) -> SendReport:
    """Send every request, one after the other.

    Parameters
    ----------
    transport
        `OverHttp` or `InProcess`.
    requests
        In the order in which they are sent.
    rate
        Requests a second at most; None for no limit.
    progress
        Reported after each request.

    Raises
    ------
    BadInput
        For a rate that is not above 0; the endpoint's own errors are passed on.
    """
    if rate is not None and rate <= 0:
        raise BadInput(f"rate must be above 0 requests a second, got {rate}")
    counts: Counter[int] = Counter()
    since, begun = now(), time.monotonic()
    for number, request in enumerate(requests):
        if rate is not None:
            time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        if request.clean is not None:
            transport.keep_reference(request.clean)
        counts[transport.predict(request.image, request.provenance)] += 1
        progress(number + 1, len(requests), "sent")
    attacked = sum(request.provenance.attack is not None for request in requests)
    ordered = dict(counts.most_common())
    return SendReport(len(requests), attacked, since, now(), time.monotonic() - begun, ordered)


@dataclass(frozen=True)
class InProcess:
    """Within the process that serves.

    Parameters
    ----------
    keep
        Keeps a clean image.
    invoke
        Answers an image as the endpoint does.
    """

    keep: Callable[[ImageFile], object]
    invoke: Callable[[ImageFile, Provenance], Answer]

    def keep_reference(self, image: ImageFile) -> None:
        """Keep a clean image that provenances name."""
        self.keep(image)

    def predict(self, image: ImageFile, provenance: Provenance) -> int:
        """Send one request; the class that was predicted."""
        return self.invoke(image, provenance).predictions[0].class_id


class OverHttp:
    """To a running dashboard, as a real client would.

    Parameters
    ----------
    url
        Its address.
    endpoint
        The endpoint's name.

    Raises
    ------
    BadInput
        For an address that is none.
    """

    def __init__(self, url: str, *, endpoint: str = DEFAULT_ENDPOINT) -> None:
        self._path = f"/endpoints/{endpoint}/invocations"
        try:
            self._client = httpx.Client(
                base_url=url.rstrip("/"),
                headers=token_headers(),
                timeout=60,
                verify=_certificates(),
            )
        except httpx.InvalidURL as error:
            raise BadInput(f"{url!r} is no address of a server: {error}") from error

    def __enter__(self) -> OverHttp:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    def keep_reference(self, image: ImageFile) -> None:
        """Keep a clean image; raises Unavailable and the endpoint's errors."""
        self._post("/api/references", image, {})

    def predict(self, image: ImageFile, provenance: Provenance) -> int:
        """The class that was predicted; raises Unavailable and the endpoint's errors."""
        headers = {
            "X-Amzn-SageMaker-Custom-Attributes": format_provenance(provenance),
            "Accept": "application/json;verbose=true",
        }
        answer = self._post(self._path, image, headers)
        return int(answer.json()["predictions"][0]["class_id"])

    def _post(self, path: str, image: ImageFile, headers: dict[str, str]) -> httpx.Response:
        try:
            answer = self._client.post(
                path, content=image.content, headers=headers | {"Content-Type": image.media_type}
            )
        except httpx.HTTPError as error:
            raise Unavailable(
                f"{self._client.base_url} does not answer ({error}); is it running?"
            ) from error
        if answer.is_error:
            raise error_of(answer)
        return answer


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: reading them takes longer than many a request."""
    return httpx.create_ssl_context()
