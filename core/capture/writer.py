"""Predictions -> captures in the log: sampling, provenance, and group commit.

Requests that wait at the same moment share one transaction; none is answered before it.
"""

from __future__ import annotations

import hashlib
import json
import queue
import random
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from core.capture.provenance import RequestFacts, parse_provenance
from core.errors import SignwatchError, Unavailable
from core.images import ImageFile
from core.records.captures import (
    Capture,
    CaptureMode,
    CaptureSettings,
    Prediction,
    StoredImage,
)
from core.records.names import DEFAULT_VARIANT
from core.store import CaptureLog
from core.store.looks import Look

Known = Mapping[str, Capture]  # of retries: their id -> the capture that counts
MAX_WAITING = 1024
MAX_GROUP = 256


def to_stored_image(image: ImageFile) -> StoredImage:
    """The form in which the log keeps an image."""
    height, width = image.size
    return StoredImage(image.sha256, image.media_type, image.content, width, height)


def capture_id(endpoint: str, variant: str, event_id: str, position: int, at: datetime) -> str:
    """The id of a capture: the same for the same image of the same request, and ordered by time.

    A UUID of version 8: 48 bits of milliseconds since 1970, then 74 bits of SHA-256 (RFC 9562).
    """
    identity = json.dumps([endpoint, variant, event_id, position]).encode()
    milliseconds = max(0, int(at.timestamp() * 1000)) & (2**48 - 1)
    return str(_uuid8(milliseconds << 80 | int.from_bytes(hashlib.sha256(identity).digest()[:10])))


def _uuid8(value: int) -> uuid.UUID:
    """128 bits, six of which say what kind they are (RFC 9562)."""
    value = value & ~(0xF << 76) | 8 << 76  # version
    return uuid.UUID(int=value & ~(0x3 << 62) | 2 << 62)  # variant


def event_id(facts: RequestFacts, images: Sequence[StoredImage]) -> str:
    """Names a request: at random, or by its inference id and its images, where it has one.

    So what a client sends again is known as the same request (core.store.retries). It is a UUID of
    version 8, of 122 bits of SHA-256.
    """
    if not facts.inference_id:
        return str(uuid.uuid4())
    names = [image.sha256 for image in images]
    identity = json.dumps([facts.endpoint, DEFAULT_VARIANT, facts.inference_id, names]).encode()
    return str(_uuid8(int.from_bytes(hashlib.sha256(identity).digest()[:16])))


def begin_captures(
    facts: RequestFacts, images: Sequence[StoredImage], model_sha256: str, mode: CaptureMode
) -> list[Capture]:
    """One capture an image, still without its prediction; all share event id and time."""
    request = event_id(facts, images)
    provenance = parse_provenance(facts.custom_attributes)
    attributes = (facts.custom_attributes,) if facts.custom_attributes else ()
    place = (facts.endpoint, DEFAULT_VARIANT, request)
    return [
        Capture(
            capture_id=capture_id(*place, position, facts.received_at),
            event_id=request,
            position=position,
            endpoint=facts.endpoint,
            variant=DEFAULT_VARIANT,
            inferred_at=facts.received_at,
            input_content_type=facts.input_content_type if mode.keeps_input else None,
            output_content_type=facts.output_content_type if mode.keeps_output else None,
            inference_id=facts.inference_id,
            custom_attributes=attributes,
            image_sha256=image.sha256 if mode.keeps_input else None,
            model_sha256=model_sha256,
            provenance=provenance,
        )
        for position, image in enumerate(images)
    ]


def with_prediction(capture: Capture, prediction: Prediction) -> Capture:
    """`capture` with what was answered, if its mode keeps the output."""
    if capture.output_content_type is None:
        return capture
    return replace(
        capture,
        class_id=prediction.class_id,
        confidence=prediction.confidence,
        probabilities=prediction.probabilities,
        suspicion=prediction.suspicion,
    )


@dataclass(frozen=True)
class _Waiting:
    captures: Sequence[Capture]
    images: Sequence[StoredImage]
    looks: Mapping[str, Look]
    done: Future[Known] = field(default_factory=Future)


class Capturer:
    """The log's one writer of captures. timed: measures each transaction.

    It takes all that waits at once, so that requests share a transaction, and each waits for a
    future: its thread is its own, and not a `core.jobs.Worker`, which works one by one.
    """

    def __init__(
        self, log: CaptureLog, *, timed: Callable[[], AbstractContextManager[object]] = nullcontext
    ) -> None:
        self._log = log
        self._timed = timed
        self._random = random.Random()
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(MAX_WAITING)
        self._closed = False
        self._entering = threading.Lock()  # nothing enters the queue behind its end
        self._thread = threading.Thread(target=self._write, name="capture", daemon=True)
        self._thread.start()

    def sampled(self, settings: CaptureSettings) -> bool:
        """Whether the request at hand is to be kept."""
        return settings.enabled and self._random.random() * 100 < settings.sampling

    def store(self, captures: Sequence[Capture], images: Sequence[StoredImage]) -> Known:
        """Return once captures and images are durable; raises Unavailable if they cannot be."""
        return self.submit(captures, images).result()

    def submit(
        self,
        captures: Sequence[Capture],
        images: Sequence[StoredImage],
        looks: Mapping[str, Look] = MappingProxyType({}),
    ) -> Future[Known]:
        """Done once captures and images are durable, or failed; raises Unavailable if full.

        looks: of captures, by their id. Its result names the retries in the transaction, which are
        stored already.
        """
        waiting = _Waiting(captures, images, looks)
        if not captures and not images:
            waiting.done.set_result({})
            return waiting.done
        with self._entering:
            if self._closed:
                raise Unavailable("the capture log is closed; start the dashboard again")
            try:
                self._waiting.put_nowait(waiting)
            except queue.Full:
                raise Unavailable(
                    f"{MAX_WAITING} requests wait to be captured; send this one again later"
                ) from None
        return waiting.done

    def close(self) -> None:
        """Write what waits, then stop; every later call of `store` raises Unavailable."""
        with self._entering:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def _write(self) -> None:
        while (first := self._waiting.get()) is not None:
            group = [first]
            stop = False
            while len(group) < MAX_GROUP and not self._waiting.empty():
                following = self._waiting.get()
                if following is None:
                    stop = True
                    break
                group.append(following)
            self._commit(group)
            if stop:
                return

    def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            with self._timed():
                known = self._log.append(
                    [capture for waiting in group for capture in waiting.captures],
                    [image for waiting in group for image in waiting.images],
                    {key: look for waiting in group for key, look in waiting.looks.items()},
                )
        except Exception as error:  # noqa: BLE001
            # Every waiting request must learn of it; the thread lives on for the next ones.
            failure = (
                error
                if isinstance(error, SignwatchError)
                else Unavailable(f"the capture log does not take writes: {error}")
            )
            for waiting in group:
                waiting.done.set_exception(failure)
        else:
            for waiting in group:
                waiting.done.set_result(known)
