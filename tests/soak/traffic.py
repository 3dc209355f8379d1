"""A day of requests: good, batched, bad, given up half-way, and questions about the log."""

from __future__ import annotations

import io
import json
import random
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import cos, pi

import numpy as np

HOURS = 24
BUSIEST, QUIETEST = 15, 3  # hours of the day
BATCH = 8  # images


@dataclass(frozen=True)
class Kind:
    """One kind of request.

    Parameters
    ----------
    name
        Under which it is counted.
    share
        Of all requests.
    statuses
        With which it may be answered.
    captured
        Whether an answer of 200 means one capture.
    cut
        Share of its bytes that is sent before the client hangs up; 1 with `leaves` means that it
        sends everything and does not wait for the answer.
    leaves
        Whether the client hangs up.
    """

    name: str
    share: float
    statuses: frozenset[int]
    captured: bool = False
    cut: float = 1.0
    leaves: bool = False


GOOD = frozenset({200})
BAD = frozenset({400, 413, 415})
KINDS = {
    kind.name: kind
    for kind in (
        Kind("image", 0.60, GOOD, captured=True),
        Kind("batch", 0.04, GOOD, captured=True),
        Kind("array", 0.06, GOOD, captured=True),
        Kind("no image", 0.08, BAD),
        Kind("truncated image", 0.05, BAD),
        Kind("unknown type", 0.02, BAD),
        Kind("half a body", 0.05, frozenset(), cut=0.5, leaves=True),
        Kind("no wait for the answer", 0.04, frozenset(), leaves=True),
        Kind("question", 0.06, GOOD),
    )
}


@dataclass(frozen=True)
class Request:
    """A whole HTTP request.

    Parameters
    ----------
    kind
        What may come of it.
    hour
        Of the day, 0..23.
    inference_id
        By which its capture is found again.
    message
        Its bytes, head and body.
    """

    kind: Kind
    hour: int
    inference_id: str
    message: bytes


def requests_by_hour(requests: int) -> list[int]:
    """How many fall into each hour: a wave with four times as many at its height."""
    middle = (BUSIEST + QUIETEST) / 2
    heights = [1 - 0.6 * cos(2 * pi * (hour - middle + HOURS / 4) / HOURS) for hour in range(HOURS)]
    edges = np.round(np.cumsum([0.0, *heights]) / sum(heights) * requests).astype(int)
    counts: list[int] = np.diff(edges).tolist()
    return counts


def a_day(images: list[bytes], requests: int, seed: int) -> Iterator[Request]:
    """That many requests, in order of time, of images that are PNG files of 32 x 32 pixels."""
    dice = random.Random(seed)
    kinds, shares = list(KINDS.values()), [kind.share for kind in KINDS.values()]
    numbers = (hour for hour, count in enumerate(requests_by_hour(requests)) for _ in range(count))
    for number, hour in enumerate(numbers):
        (kind,) = dice.choices(kinds, shares)
        inference_id = f"soak-{seed}-{number}"
        method, path, content_type, body = MAKERS[kind.name](images, dice)
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\nX-Amzn-SageMaker-Inference-Id: {inference_id}\r\n"
            f"X-Amzn-SageMaker-Custom-Attributes: source=camera-{dice.randrange(20)}\r\n\r\n"
        )
        yield Request(kind, hour, inference_id, head.encode() + body)


Parts = tuple[str, str, str, bytes]
QUESTIONS = ("/ping", "/metrics", "/api/baselines", "/api/drills")


def _invocation(content_type: str, body: bytes) -> Parts:
    return "POST", "/invocations", content_type, body


def _image(images: list[bytes], dice: random.Random) -> Parts:
    return _invocation("image/png", dice.choice(images))


def _batch(images: list[bytes], dice: random.Random) -> Parts:
    chosen = [b64encode(dice.choice(images)).decode() for _ in range(dice.randint(2, BATCH))]
    return _invocation("application/json", json.dumps({"images": chosen}).encode())


def _array(images: list[bytes], dice: random.Random) -> Parts:
    buffer = io.BytesIO()
    np.save(buffer, np.frombuffer(dice.randbytes(32 * 32 * 3), np.uint8).reshape(32, 32, 3))
    return _invocation("application/x-npy", buffer.getvalue())


def _no_image(images: list[bytes], dice: random.Random) -> Parts:
    return _invocation("image/png", dice.randbytes(dice.randint(0, 2_000)))


def _truncated(images: list[bytes], dice: random.Random) -> Parts:
    image = dice.choice(images)
    return _invocation("image/png", image[: len(image) // 2])


def _unknown_type(images: list[bytes], dice: random.Random) -> Parts:
    return _invocation("video/mp4", dice.randbytes(100))


def _question(images: list[bytes], dice: random.Random) -> Parts:
    return "GET", dice.choice(QUESTIONS), "text/plain", b""


MAKERS: dict[str, Callable[[list[bytes], random.Random], Parts]] = {
    "image": _image,
    "batch": _batch,
    "array": _array,
    "no image": _no_image,
    "truncated image": _truncated,
    "unknown type": _unknown_type,
    "half a body": _image,
    "no wait for the answer": _image,
    "question": _question,
}
