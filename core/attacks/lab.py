"""Images in, adversarial images out: attacks and explanations for callers without torch."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from core.attacks import Attack, get_attack
from core.errors import BadInput
from core.images import LONGEST_SIDE, enlarge, fit, rows_by_key
from core.jobs import Progress
from core.model.classifier import Classifier, to_tensor


@dataclass(frozen=True)
class Crafted:
    """One image before and after an attack, both (height, width, 3) uint8.

    eligible: the clean image was read correctly and is not of the target class already;
    success: judged on the 8-bit image, saved and read again; linf in 1/255, l2 and psnr (dB) of
    the 8-bit images; path: None unless traced, (points, 3): step, confidence of the true class,
    confidence of the target or of the strongest wrong class.
    """

    clean: NDArray[np.uint8]
    adversarial: NDArray[np.uint8]
    label: int
    eligible: bool
    success_before_rounding: bool
    success: bool
    steps: int
    linf: float
    l2: float
    psnr: float
    path: NDArray[np.float64] | None = None


def settings_of(name: str) -> dict[str, object]:
    """The settings that the attack of that name takes, with their defaults."""
    parameters = inspect.signature(get_attack(name).__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def build_attack(
    name: str, *, steps: int | None = None, seed: int = 0, stop_when_solved: bool = True
) -> Attack:
    """The attack of that name; steps None: its own default.

    Attacks without chance ignore seed, and those without a choice ignore stop_when_solved.
    """
    known = settings_of(name)
    if steps is not None and "steps" not in known:
        raise BadInput(f"{name} takes a single step; leave the number of steps out, got {steps}")
    chosen = {"steps": steps, "seed": seed, "stop_when_solved": stop_when_solved}
    return get_attack(name)(**{k: v for k, v in chosen.items() if k in known and v is not None})


def craft(
    classifier: Classifier,
    attack: Attack,
    images: Sequence[NDArray[np.uint8]],
    labels: Sequence[int],
    *,
    epsilon: float | None,
    target: int | None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    trace: bool = False,
) -> list[Crafted]:
    """Attack images of any sizes; the answer keeps their order.

    They are reduced to LONGEST_SIDE, and enlarged to what the classifier sees if they are smaller:
    an attack works on what it sees, and less would hide from it what the network reacts to.
    epsilon None: the attack's own default; trace: keep the path, for a few images.
    Raises BadInput as the attack does, and if every image is of the target class.
    """
    if len(labels) and target is not None and all(label == target for label in labels):
        raise BadInput(
            f"target must differ from the true class, got {target} for {len(labels)} images of "
            "that class; choose another target or other images"
        )
    if epsilon is None:
        epsilon = attack.info.default_epsilon
    side = classifier.manifest.input_size
    fitted = [enlarge(fit(image, LONGEST_SIDE), side, LONGEST_SIDE) for image in images]
    crafted: dict[int, Crafted] = {}
    groups = list(rows_by_key([image.shape for image in fitted]))
    for number, rows in enumerate(groups):

        def report(done: int, total: int, text: str, number: int = number) -> None:
            if progress is not None:
                progress(number * total + done, len(groups) * total, text)

        clean = np.stack([fitted[row] for row in rows])
        result = attack(
            classifier,
            to_tensor(clean),
            torch.tensor([labels[row] for row in rows]),
            epsilon=epsilon,
            target=target,
            progress=report,
            cancelled=cancelled,
            trace=trace,
        )
        for place, row in enumerate(rows):
            crafted[row] = Crafted(
                clean[place],
                result.adversarial[place],
                labels[row],
                bool(result.eligible[place]),
                bool(result.success_before_rounding[place]),
                bool(result.success[place]),
                int(result.steps[place]),
                float(result.linf[place]),
                float(result.l2[place]),
                float(result.psnr[place]),
                None if result.path is None else result.path[place],
            )
    return [crafted[row] for row in range(len(images))]
