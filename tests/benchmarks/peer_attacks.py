"""Our attacks beside those of Foolbox, torchattacks and ART, at the same settings."""

from __future__ import annotations

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


def parity(results: dict[str, list[AttackResult]]) -> Rows:
    """How far our success stays behind a peer's before rounding; negative where it is ahead."""
    pixels, labels = attacked_images(COUNT)
    theirs = _worker("parity", pixels, labels)
    correct = ~_misclassified(pixels, labels)
    for name, draws in results.items():
        own = np.mean([each.summary()["success_rate_before_rounding"] for each in draws]).item()
        for key in (key for key in theirs if key.split("/")[0] == name):
            wrong = torch.stack(
                [_misclassified(torch.from_numpy(each), labels) for each in theirs[key]]
            )
            peer = (wrong & correct).sum().item() / (len(wrong) * correct.sum().item())
            title = (
                f"{ATTACKS[name].info.title}: {own:.3f}, {key.split('/')[1]} {peer:.3f}; behind by"
            )
            yield Row(title, peer - own, 0.02, False)


def speed() -> Rows:
    """PGD side by side in one process: ten steps, and forty until solved."""
    found = _worker("speed", *attacked_images(CLOCKED))
    ratio = _ratio(found, "fixed", "plain")
    yield Row("PGD, ten steps: time of ten plain passes", ratio, 0.95, False)
    for peer in PEERS:
        ratio = _ratio(found, "fixed", peer)
        yield Row(f"PGD, ten steps: time of {peer}'s", ratio, 1.0, False)
    fastest = min(PEERS, key=lambda peer: np.median(found[f"solved/{peer}"]).item())
    ratio = _ratio(found, "solved", fastest)
    yield Row(f"PGD until solved: time of {fastest}'s", ratio, 0.4, False)
    best = max(found[f"solved success/{peer}"].item() for peer in PEERS)
    behind = best - found["solved success/signwatch"].item()
    yield Row("PGD until solved: success behind the best peer", behind, 0.0, False)


def _ratio(found: dict[str, NDArray[np.float64]], part: str, other: str) -> float:
    """Our time by another's: the median of all rounds, which a busy moment leaves alone."""
    return np.median(found[f"{part}/signwatch"] / found[f"{part}/{other}"]).item()


def _misclassified(pixels: Tensor, labels: Tensor) -> Tensor:
    with torch.no_grad():
        logits = torch.cat([model()(batch) for batch in pixels.split(64)])
    return logits.argmax(dim=1) != labels


def _worker(section: str, pixels: Tensor, labels: Tensor) -> dict[str, NDArray[np.float64]]:
    """What `tests.benchmarks.peers.attacks` writes."""
    return run_peers("attacks", section, pixels=pixels.numpy(), labels=labels.numpy())
