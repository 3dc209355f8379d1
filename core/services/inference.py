"""Requests for predictions, from the HTTP interface and from pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

from core.capture.provenance import RequestFacts, format_provenance
from core.errors import SignwatchError
from core.images import ImageFile, PackedFile, is_zip, open_image, open_zip
from core.invocations import Opened, RequestLimits
from core.metrics import Metrics
from core.records.analysts import Permission
from core.records.captures import Provenance, StoredImage
from core.records.inference import Answer
from core.records.permissions import needs
from core.serving.concurrency import Admission
from core.serving.endpoints import Endpoints
from core.serving.pipeline import Serving
from core.store import CaptureLog


class Inference:
    """Answers requests; everything that is sampled is in the log before its answer leaves."""

    def __init__(
        self,
        serving: Serving,
        admission: Admission,
        limits: RequestLimits,
        log: CaptureLog,
        metrics: Metrics,
        endpoints: Endpoints,
    ) -> None:
        self.limits = limits
        self.endpoints = endpoints
        self._serving = serving
        self._admission = admission
        self._metrics = metrics
        metrics.gauge("signwatch_queue_images", lambda: serving.waiting)
        metrics.gauge("signwatch_model_up", lambda: _succeeds(serving.check))
        metrics.gauge("signwatch_store_up", lambda: _succeeds(log.check_writable))

    def read(self, content: bytes) -> ImageFile:
        """Decode an untrusted file within the limits of the settings; raises as `decode` does."""
        return ImageFile.from_file(content, self.limits.image)

    def unpacked(self, content: bytes) -> list[PackedFile] | None:
        """The files in an untrusted ZIP, unread so far; None of another file.

        Raises as `open_zip` does.
        """
        if not is_zip(content):
            return None
        return open_zip(content, self.limits.image, most=self.limits.max_batch)

    @contextmanager
    def request(self, endpoint: str) -> Iterator[Callable[[int], None]]:
        """Time one request; call what it yields with the status of the answer."""
        with self._metrics.request(endpoint) as answered:
            yield answered

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """A place among the requests in progress; raises Unavailable if there is none."""
        with self._admission.admitted():
            yield

    @needs(Permission.TRAFFIC)
    def submit(self, opened: Callable[[], Sequence[Opened]], facts: RequestFacts) -> Future[Answer]:
        """The answer to come, as `Serving.submit` gives it."""
        return self._serving.submit(opened, facts)

    def store(self, content: bytes) -> Future[list[StoredImage]]:
        """The one image of an untrusted file as the log keeps it, once it is decoded."""
        return self._serving.store(lambda: [open_image(content, self.limits.image)])

    def invoke(self, images: Sequence[ImageFile], facts: RequestFacts) -> Answer:
        """Predict, capture if sampled, and only then answer; raises Unavailable."""
        return self.submit(lambda: images, facts).result()

    def send(self, image: ImageFile, provenance: Provenance) -> Answer:
        """Send one image as a request that names where it came from; raises Unavailable."""
        facts = RequestFacts(
            input_content_type=image.media_type, custom_attributes=format_provenance(provenance)
        )
        return self.invoke([image], facts)

    def close(self) -> None:
        """Answer what waits, and stop."""
        self._serving.close()

    def check_model(self) -> None:
        """Raise Unavailable unless the model answers."""
        self._serving.check()


def _succeeds(check: Callable[[], None]) -> float:
    """1 if `check` raises none of the project's errors, else 0."""
    try:
        check()
    except SignwatchError:
        return 0.0
    return 1.0
