"""Our attacks beside those of Foolbox, torchattacks and ART, at the same settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.attacks import ATTACKS, AttackResult
from tests.benchmarks.peers.settings import DRAWS, EPSILON, EPSILON_L2, SETTINGS
from tests.benchmarks.rows import Row, Rows, attacked_images, model
from tests.benchmarks.worker import run_peers

COUNT, CLOCKED = 256, 64
PEERS = ("torchattacks", "foolbox", "art")
WITHIN, LONGER = 0.02, 1.02


Arrays = dict[str, NDArray[Any]]


def own_results() -> dict[str, list[AttackResult]]:
    """What our attacks come to at the settings that both sides use, one result a draw."""
    pixels, labels = attacked_images(COUNT)
    results = {}
    for name, settings in SETTINGS.items():
        info = ATTACKS[name].info
        epsilon = (EPSILON if info.norm == "linf" else EPSILON_L2) if info.takes_epsilon else None
        draws = [{"seed": seed} for seed in range(DRAWS.get(name, 0))] or [{}]
        results[name] = [
            ATTACKS[name](**settings, **draw)(model(), pixels, labels, epsilon=epsilon)
            for draw in draws
        ]
    return results


@contextmanager
def under_way() -> Iterator[list[Future[Arrays]]]:
    """The peers' attacks, on the other cores: nothing here is timed, so each takes one thread."""
    pixels, labels = attacked_images(COUNT)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor() as pool:
            yield [
                pool.submit(_worker, section, pixels, labels, threads=1)
                for section in ("parity", "square")
            ]
    finally:
        torch.set_num_threads(threads)


def parity(own: dict[str, list[AttackResult]], peers: Sequence[Future[Arrays]]) -> Rows:
    """Success before rounding, and how far images moved where no budget bounds it."""
    pixels, labels = attacked_images(COUNT)
    theirs = {key: images for peer in peers for key, images in peer.result().items()}
    correct = ~_misclassified(pixels, labels)
    for name, draws in own.items():
        info = ATTACKS[name].info
        found = {
            key.split("/")[1]: torch.from_numpy(images)
            for key, images in theirs.items()
            if key.split("/")[0] == name
        }
        if not found:
            yield Row.unmeasured(f"{info.title}: success", "no peer was compared")
        ours = [torch.from_numpy(each.success_before_rounding) for each in draws]
        for peer, adversarial in found.items():
            fooled = [_misclassified(each, labels) & correct for each in adversarial]
            rates = [
                float(torch.stack(each).sum() / correct.sum() / len(each))
                for each in (ours, fooled)
            ]
            title = f"{info.title}: success {rates[0]:.3f}, {peer}'s {rates[1]:.3f}; apart by"
            yield Row(title, abs(rates[1] - rates[0]), WITHIN, False)
            if not info.takes_epsilon:
                both = ours[0] & fooled[0]
                lengths = [
                    float((each - pixels)[both].flatten(1).norm(dim=1).median())
                    for each in (draws[0].pixels, adversarial[0])
                ]
                title = f"{info.title}: median L2 of the change by {peer}'s"
                yield Row(title, lengths[0] / lengths[1], LONGER, False)


def speed() -> Rows:
    """PGD side by side in one process: ten steps, and forty until solved."""
    found = _worker("speed", *attacked_images(CLOCKED))
    print(
        f"{CLOCKED} images; ours is the whole call, from the checks to the verdict on the PNG, and "
        "steps through the network with its batch normalisation folded. A plain pass is forward "
        "and backward to the pixels, without gradients of weights; it and the peers take the "
        "network as it is. Seconds: "
        + ", ".join(
            f"{name} {np.median(taken):.2f}"
            for name, taken in found.items()
            if name.startswith(("fixed/", "solved/"))
        )
    )
    yield Row.of_rounds(
        "PGD, ten steps: time of ten plain passes", _ratios(found, "fixed", "plain"), 0.95, False
    )
    for peer in PEERS:
        ratios = _ratios(found, "fixed", peer)
        yield Row.of_rounds(f"PGD, ten steps: time of {peer}'s", ratios, 1.0, False)
    (fastest,) = (peer for peer in PEERS if f"solved/{peer}" in found)
    yield Row.of_rounds(
        f"PGD until solved: time of {fastest}'s, all forty steps",
        _ratios(found, "solved", fastest),
        0.4,
        False,
    )
    best = max(found[f"solved success/{peer}"].item() for peer in PEERS)
    behind = best - found["solved success/signwatch"].item()
    yield Row("PGD until solved: success behind the best peer", behind, 0.0, False)


def _ratios(found: dict[str, NDArray[np.float64]], part: str, other: str) -> NDArray[np.float64]:
    """Our time by another's, round by round."""
    return found[f"{part}/signwatch"] / found[f"{part}/{other}"]


def _misclassified(pixels: Tensor, labels: Tensor) -> Tensor:
    with torch.no_grad():
        logits = torch.cat([model()(batch) for batch in pixels.split(64)])
    return logits.argmax(dim=1) != labels


def _worker(section: str, pixels: Tensor, labels: Tensor, threads: int | None = None) -> Arrays:
    """What `tests.benchmarks.peers.attacks` writes."""
    arrays = {"pixels": pixels.numpy(), "labels": labels.numpy()}
    return run_peers("attacks", section, threads=threads, **arrays)
