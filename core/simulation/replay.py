"""Images sent over HTTP as a real client would, clean or attacked, at a rate."""

from __future__ import annotations

import ssl
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import cycle, islice
from typing import Any

import httpx
import numpy as np

from core.attacks.lab import Lab
from core.capture.provenance import format_provenance
from core.client import error_of, token_headers
from core.datasets import Dataset
from core.errors import BadInput, Unavailable
from core.images import ImageFile
from core.jobs import Progress
from core.records.attacks import AttackedImage, AttackPlan
from core.records.captures import Provenance
from core.records.names import DEFAULT_ENDPOINT
from core.records.window import now

SOURCE = "replay"


@dataclass(frozen=True)
class Attacked:
    """A share of the traffic, in (0, 1], that the lab attacks as planned."""

    share: float
    plan: AttackPlan
    lab: Lab

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise BadInput(f"share must lie in (0, 1], got {self.share}")


@dataclass(frozen=True)
class Message:
    """One request to be sent, and the clean image to be kept beside it."""

    image: ImageFile
    clean: ImageFile | None
    provenance: Provenance


@dataclass(frozen=True)
class ReplayReport:
    """What was sent and answered. since, until: the window that holds all of it."""

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


def prepare(
    dataset: Dataset,
    count: int,
    *,
    attack: Attacked | None = None,
    seed: int,
    progress: Progress,
) -> list[Message]:
    """`count` messages in random order, round(count * attack.share) of them attacked successfully.

    The attacker knows the model and sends only images that fool it once saved; others are
    replaced. A small data set is gone through more than once. Raises BadInput if no image
    fools the model.
    """
    if count < 1:
        raise BadInput(f"count must be at least 1, got {count}")
    order = np.random.default_rng(seed).permutation(len(dataset))
    attacked: list[Message] = []
    if attack:
        wanted = round(count * attack.share)
        attacked = _attacked(dataset, order, wanted, attack, progress)
    clean = [
        _clean_message(dataset, int(order[-1 - n % len(order)]))
        for n in range(count - len(attacked))
    ]
    messages = attacked + clean
    shuffled = np.random.default_rng([seed, 1]).permutation(len(messages))
    return [messages[row] for row in shuffled]


def send(
    url: str,
    messages: Sequence[Message],
    *,
    rate: float | None,
    progress: Progress,
    endpoint: str = DEFAULT_ENDPOINT,
) -> ReplayReport:
    """Send every message as one request; rate: requests a second at most, None for no limit."""
    if rate is not None and rate <= 0:
        raise BadInput(f"rate must be above 0 requests a second, got {rate}")
    counts: Counter[int] = Counter()
    since, begun = now(), time.monotonic()
    with _client(url) as client:
        for number, message in enumerate(messages):
            if rate is not None:
                time.sleep(max(0.0, begun + number / rate - time.monotonic()))
            counts[_send_one(client, endpoint, message)] += 1
            progress(number + 1, len(messages), "sent")
    attacked = sum(message.provenance.attack is not None for message in messages)
    ordered = dict(counts.most_common())
    return ReplayReport(len(messages), attacked, since, now(), time.monotonic() - begun, ordered)


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: reading them takes longer than many a request."""
    return httpx.create_ssl_context()


def _client(url: str) -> httpx.Client:
    try:
        return httpx.Client(
            base_url=url.rstrip("/"), headers=token_headers(), timeout=60, verify=_certificates()
        )
    except httpx.InvalidURL as error:
        raise BadInput(f"{url!r} is no address of a server: {error}") from error


def _send_one(client: httpx.Client, endpoint: str, message: Message) -> int:
    if message.clean is not None:
        _post(client, "/api/references", message.clean, {})
    headers = {
        "X-Amzn-SageMaker-Custom-Attributes": format_provenance(message.provenance),
        "Accept": "application/json;verbose=true",
    }
    answer = _post(client, f"/endpoints/{endpoint}/invocations", message.image, headers)
    return int(answer.json()["predictions"][0]["class_id"])


def _post(
    client: httpx.Client, path: str, image: ImageFile, headers: dict[str, str]
) -> httpx.Response:
    try:
        answer = client.post(
            path, content=image.content, headers=headers | {"Content-Type": image.media_type}
        )
    except httpx.HTTPError as error:
        raise Unavailable(f"{client.base_url} does not answer ({error}); is it running?") from error
    if answer.is_error:
        raise error_of(answer)
    return answer


def _clean_message(dataset: Dataset, row: int) -> Message:
    label = int(dataset.labels[row])
    image = ImageFile.from_pixels(dataset.images[row])
    return Message(image, None, Provenance(source=SOURCE, label=label))


def _attacked(
    dataset: Dataset,
    order: np.ndarray[Any, Any],
    wanted: int,
    attack: Attacked,
    progress: Progress,
) -> list[Message]:
    plan, title = attack.plan, attack.lab.info(attack.plan.attack).title
    order = order if plan.target is None else order[dataset.labels[order] != plan.target]
    made: list[Message] = []
    for rows in np.array_split(order, max(1, len(order) // 64)):
        if len(made) >= wanted:
            break
        images = [dataset.images[row] for row in rows]
        results = attack.lab.attack(plan, images, dataset.labels[rows].tolist())
        made += [_attacked_message(one) for one in results if one.success]
        progress(min(len(made), wanted), wanted, f"{title} examples made")
    if wanted and not made:
        raise BadInput(
            f"{title} fooled the model on none of {len(order)} images; "
            "raise --epsilon or --steps, or choose another attack"
        )
    return list(islice(cycle(made), wanted))


def _attacked_message(result: AttackedImage) -> Message:
    clean = ImageFile.from_pixels(result.clean)
    plan = result.plan
    provenance = Provenance(SOURCE, result.label, plan.attack, plan.target, clean.sha256)
    return Message(ImageFile.from_pixels(result.adversarial), clean, provenance)
