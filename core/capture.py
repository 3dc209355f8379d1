"""Predictions -> captures in the log: sampling, provenance, and group commit.

Requests that wait at the same moment share one transaction; none is answered before it.
"""

from __future__ import annotations

import queue
import random
import threading
import uuid
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

from core.errors import SignwatchError, Unavailable
from core.images import Picture
from core.store import CaptureLog
from core.types import (
    DEFAULT_ENDPOINT,
    DEFAULT_VARIANT,
    Capture,
    Prediction,
    Provenance,
    StoredImage,
    now,
)

MAX_WAITING = 1024
MAX_GROUP = 256


@dataclass(frozen=True)
class RequestFacts:
    """What is known of a request besides its pictures."""

    endpoint: str = DEFAULT_ENDPOINT
    input_content_type: str = "image/png"
    output_content_type: str = "application/json"
    inference_id: str | None = None
    custom_attributes: str | None = None
    received_at: datetime = field(default_factory=now)


def parse_provenance(custom_attributes: str | None) -> Provenance:
    """Provenance from `key=value;key=value`; anything else in the attributes is left alone.

    Keys: source, label, attack, target, clean (SHA-256 of the clean picture).
    """
    pairs = dict(
        (part.strip().split("=", 1)) for part in (custom_attributes or "").split(";") if "=" in part
    )
    return Provenance(
        source=pairs.get("source"),
        label=_class_id(pairs.get("label")),
        attack=pairs.get("attack"),
        target=_class_id(pairs.get("target")),
        clean_sha256=pairs.get("clean"),
    )


def format_provenance(provenance: Provenance) -> str:
    """The custom attributes that `parse_provenance` reads back."""
    pairs = {
        "source": provenance.source, "label": provenance.label, "attack": provenance.attack,
        "target": provenance.target, "clean": provenance.clean_sha256,
    }  # fmt: skip
    return ";".join(f"{key}={value}" for key, value in pairs.items() if value is not None)


def _class_id(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and int(text) < 1000 else None


def to_stored_image(picture: Picture) -> StoredImage:
    """The form in which the log keeps a picture."""
    height, width = picture.pixels.shape[:2]
    return StoredImage(picture.sha256, picture.media_type, picture.content, width, height)


def to_captures(
    facts: RequestFacts,
    images: Sequence[StoredImage],
    predictions: Sequence[Prediction],
    model_sha256: str,
) -> list[Capture]:
    """One capture an image; all of one request share its event id and the time it came in."""
    event_id = str(uuid.uuid4())
    provenance = parse_provenance(facts.custom_attributes)
    return [
        Capture(
            capture_id=str(uuid.uuid4()),
            event_id=event_id,
            endpoint=facts.endpoint,
            variant=DEFAULT_VARIANT,
            inferred_at=facts.received_at,
            input_content_type=facts.input_content_type,
            output_content_type=facts.output_content_type,
            inference_id=facts.inference_id,
            custom_attributes=facts.custom_attributes,
            image_sha256=image.sha256,
            prediction=prediction,
            model_sha256=model_sha256,
            provenance=provenance,
        )
        for image, prediction in zip(images, predictions, strict=True)
    ]


@dataclass(frozen=True)
class _Waiting:
    captures: Sequence[Capture]
    images: Sequence[StoredImage]
    done: Future[None] = field(default_factory=Future)


class Capturer:
    """The log's one writer of captures. sampling: percentage of requests that are kept."""

    def __init__(self, log: CaptureLog, *, sampling: float) -> None:
        self._log = log
        self._sampling = sampling
        self._random = random.Random()
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(MAX_WAITING)
        self._closed = False
        self._entering = threading.Lock()  # nothing enters the queue behind its end
        self._thread = threading.Thread(target=self._write, name="capture", daemon=True)
        self._thread.start()

    def sampled(self) -> bool:
        """Whether the request at hand is to be kept."""
        return self._random.random() * 100 < self._sampling

    def store(self, captures: Sequence[Capture], images: Sequence[StoredImage]) -> None:
        """Return once captures and images are durable; raises Unavailable if they cannot be."""
        waiting = _Waiting(captures, images)
        with self._entering:
            if self._closed:
                raise Unavailable("the capture log is closed; start the dashboard again")
            try:
                self._waiting.put_nowait(waiting)
            except queue.Full:
                raise Unavailable(
                    f"{MAX_WAITING} requests wait to be captured; send this one again later"
                ) from None
        waiting.done.result()

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
            self._log.append(
                [capture for waiting in group for capture in waiting.captures],
                [image for waiting in group for image in waiting.images],
            )
        except Exception as error:  # noqa: BLE001
            # Every waiting request must learn of it; the thread lives on for the next ones.
            failure = error if isinstance(error, SignwatchError) else Unavailable(
                f"the capture log does not take writes: {error}")  # fmt: skip
            for waiting in group:
                waiting.done.set_exception(failure)
        else:
            for waiting in group:
                waiting.done.set_result(None)
