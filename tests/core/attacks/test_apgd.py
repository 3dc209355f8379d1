"""Auto-PGD: its checkpoints, and every step beside the algorithm of the paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from core.attacks import APGDCE, APGDDLR
from core.attacks.apgd import APGD, checkpoints_of
from core.attacks.task import Task, digests
from tests.support.attacked import random_pixels, task_of
from tests.support.stepping import Array, Curved, Function, flat, lead, slope


def test_the_checkpoints_of_apgd() -> None:
    # Shares .22, .41, .57, .70, .80, .87, .93, .99: the gaps shrink by .03 down to .06.
    assert checkpoints_of(100) == [22, 41, 57, 70, 80, 87, 93, 99]
    assert checkpoints_of(10) == [3, 5, 6, 7, 8, 9, 10, 10]


def algorithm_1(
    objective: Function, start: Array, clean: Array, epsilon: float, steps: int
) -> tuple[Array, list[str]]:
    """Auto-PGD of Croce, Hein 2020 for one image: where `objective` was highest.

    Also why the step was halved at each checkpoint, as the authors' code decides it.
    """

    def projected(x: Array) -> Array:
        return x.clip(clean - epsilon, clean + epsilon).clip(0, 1)

    checkpoints, share, gap = [0], 0.0, 0.22
    while checkpoints[-1] < steps and share + gap < 1 + 1e-9:
        share, gap = share + gap, max(gap - 0.03, 0.06)
        checkpoints.append(math.ceil(share * steps - 1e-9))
    eta, before, x = 2 * epsilon, start, start
    values, best = [objective(x[None])[0]], (objective(x[None])[0], x)
    gradient, best_at_last, halved, why = slope(objective, x), values[0], True, []
    best_gradient = gradient
    for k in range(1, steps + 1):
        z = projected(x + eta * np.sign(gradient))
        alpha = 1.0 if k == 1 else 0.75
        before, x = x, projected(x + alpha * (z - x) + (1 - alpha) * (x - before))
        values.append(objective(x[None])[0])
        gradient = slope(objective, x)
        if values[-1] > best[0]:
            best, best_gradient = (values[-1], x), gradient
        if k in checkpoints:
            last = checkpoints[checkpoints.index(k) - 1]
            rises = sum(values[i + 1] > values[i] for i in range(last, k))
            few, stuck = rises < 0.75 * (k - last), not halved and best[0] == best_at_last
            why.append("few" if few else "stuck" if stuck else "")
            halved, best_at_last = few or stuck, best[0]
            if halved:
                eta, x, gradient = eta / 2, best[1], best_gradient
    return best[1], why


def ended(
    attack: APGD, network: Curved, pixels: torch.Tensor, epsilon: float, targets: Array | None
) -> Array:
    """Where the attack ends, every step taken."""
    result = attack(
        network.classifier(),
        pixels,
        torch.from_numpy(network.predicted(flat(pixels))),
        epsilon=epsilon,
        target=None if targets is None else torch.from_numpy(targets),
    )
    assert set(result.steps.tolist()) == {attack.steps}
    return flat(result.pixels)


@pytest.mark.parametrize("targeted", [False, True])
@pytest.mark.parametrize("loss", [APGDCE, APGDDLR])
def test_every_step_is_the_papers(loss: type[APGDCE | APGDDLR], targeted: bool) -> None:
    steps, epsilon, reasons = 24, 0.25, []
    network, pixels = Curved.drawn(20), random_pixels(8, 20, side=2)
    clean = flat(pixels)
    labels = network.predicted(clean)
    targets = (labels + 1) % 4
    attack = loss(steps=steps, seed=2, stop_when_solved=False)
    found = ended(attack, network, pixels, epsilon, targets if targeted else None)
    starts = clean + epsilon * (2 * flat(task_of(pixels).uniform(2, 0)) - 1)
    for row, (label, target) in enumerate(zip(labels, targets, strict=True)):

        def objective(x: Array, label: int = label, target: int = target) -> Array:
            z = network.logits(x)
            ranked = np.sort(z, axis=-1)[:, ::-1]
            if loss is APGDCE:
                return network.entropy(label)(x) if not targeted else -network.entropy(target)(x)
            if not targeted:
                return -lead(z, label) / (ranked[:, 0] - ranked[:, 2])
            away = ranked[:, 0] - (ranked[:, 2] + ranked[:, 3]) / 2
            return -(z[:, label] - z[:, target]) / away

        start = starts[row].clip(0, 1)
        best, why = algorithm_1(objective, start, clean[row], epsilon, steps)
        reasons += why
        assert found[row] == pytest.approx(best, abs=1e-4)
    assert {"few", "stuck", ""} <= set(reasons)


def test_each_restart_begins_elsewhere() -> None:
    network, pixels = Curved.drawn(20), random_pixels(3, 20, side=2)
    clean, epsilon = flat(pixels), 1 / 255  # too little for any of them
    attack = APGDCE(steps=4, restarts=2, seed=2)
    result = attack(
        network.classifier(), pixels, torch.from_numpy(network.predicted(clean)), epsilon=epsilon
    )
    assert (result.steps.tolist(), result.success.any()) == ([8, 8, 8], False)
    single = APGDCE(steps=4, seed=2, stop_when_solved=False)
    task = Task(
        network.classifier(),
        pixels,
        torch.from_numpy(network.predicted(clean)),
        None,
        epsilon,
        digests(pixels),
    )
    starts = [flat(single._start(task, restart)) for restart in range(2)]
    for restart, start in enumerate(starts):
        drawn = flat(task.uniform(2, restart))
        assert start == pytest.approx((clean + epsilon * (2 * drawn - 1)).clip(0, 1), abs=1e-6)
    assert np.abs(starts[0] - starts[1]).max() > epsilon / 2
