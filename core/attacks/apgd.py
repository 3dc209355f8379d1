"""Auto-PGD: momentum, and a step size that halves itself where progress ends."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from core.attacks.base import RestartingAttack
from core.attacks.checks import check_count
from core.attacks.task import Task, Walk
from core.jobs import Watch

MOMENTUM = 0.75
PROGRESS = 0.75  # share of steps that must improve between two checkpoints


@dataclass
class _Climb:
    """Where every example stands, first dimension (batch,); the loss is to be descended."""

    rows: Tensor
    pixels: Tensor
    before: Tensor
    gradient: Tensor
    loss: Tensor
    best: Tensor
    best_gradient: Tensor
    best_loss: Tensor
    size: Tensor
    improved: Tensor
    halved: Tensor
    checked: Tensor
    aims: Tensor

    def take(self, keep: Tensor) -> _Climb:
        """The examples of `keep`."""
        return _Climb(*(getattr(self, each.name)[keep] for each in fields(self)))


class APGD(RestartingAttack):
    """Projected gradient steps with momentum and without a step size to choose.

    z = P(x_t - eta sign(g_t)); x_{t+1} = P(x_t + .75 (z - x_t) + .25 (x_t - x_{t-1})); eta begins
    at 2 epsilon. At checkpoint w_j eta is halved, and x set back to the best so far, if fewer than
    75 % of the steps since w_{j-1} improved the loss, or if neither eta nor the best loss has
    changed since then. Croce, Hein: Reliable Evaluation of Adversarial Robustness with an Ensemble
    of Diverse Parameter-free Attacks, ICML 2020, https://arxiv.org/abs/2003.01690.

    Parameters
    ----------
    steps, restarts
        At least 1.
    seed
        Of the random starts.
    stop_when_solved
        As in `PGD`; without it every image ends where the loss was best.

    Raises
    ------
    BadInput
        For a setting out of range.
    """

    def __init__(
        self, *, steps: int = 100, restarts: int = 1, seed: int = 0, stop_when_solved: bool = True
    ) -> None:
        check_count("steps", steps)
        check_count("restarts", restarts)
        self.steps = steps
        self.restarts = restarts
        self.seed = seed
        self.stop_when_solved = stop_when_solved

    @abstractmethod
    def loss(self, task: Task, logits: Tensor, aims: Tensor) -> Tensor:
        """(batch,), to be descended; aims (batch,): a class that it may lead to."""

    def aims(self, task: Task, restart: int) -> Tensor:
        """(batch,): the targets, untargeted the labels, where no loss looks at them."""
        return task.labels if task.targets is None else task.targets

    def walk(self, task: Task, restart: int, watch: Watch) -> Walk:
        """All steps from one random start."""
        walk = Walk.at_start(self._start(task, restart))
        climb, left = self._set_out(task, walk, self.aims(task, restart))
        previous, checkpoints = 0, set(checkpoints_of(self.steps))
        for number in range(1, self.steps + 1):
            climb = climb.take(left)
            under_way = f"{len(climb.rows)} of {len(task)} images left"
            watch.tick(f"step {number} of {self.steps}, {under_way}")
            if not len(climb.rows):
                return walk
            part = task.take(climb.rows)
            _advance(part, climb, MOMENTUM if number > 1 else 1.0)
            walk.pixels[climb.rows] = climb.pixels
            walk.steps[climb.rows] += 1
            left = self._look(task, walk, climb)
            if number in checkpoints:
                _check(climb, number - previous)
                previous = number
        if not self.stop_when_solved:
            walk.pixels[climb.rows] = climb.best
        return walk

    def _start(self, task: Task, restart: int) -> Tensor:
        noise = 2 * task.uniform(self.seed, restart) - 1
        return task.project(task.clean + task.epsilon * noise)

    def _set_out(self, task: Task, walk: Walk, aims: Tensor) -> tuple[_Climb, Tensor]:
        """The start, and which examples (batch,) bool it does not solve."""
        ones, x = torch.ones_like(task.clean[:, 0, 0, 0]), walk.pixels.clone()
        climb = _Climb(
            rows=torch.arange(len(task), device=x.device),
            pixels=x,
            before=x.clone(),
            gradient=x.clone(),
            loss=torch.inf * ones,
            best=x.clone(),
            best_gradient=x.clone(),
            best_loss=torch.inf * ones,
            size=2 * task.epsilon * ones,
            improved=0 * ones,
            halved=torch.ones_like(task.labels, dtype=torch.bool),
            checked=torch.inf * ones,
            aims=aims,
        )
        left = self._look(task, walk, climb)
        climb.improved.zero_()
        climb.checked = climb.best_loss.clone()
        return climb, left

    def _look(self, task: Task, walk: Walk, climb: _Climb) -> Tensor:
        """Loss and gradient where `climb` stands; (rows,) bool: those that are not solved."""
        part = task.take(climb.rows)
        point = part.at(climb.pixels)
        part.trace(point.logits)
        loss = self.loss(part, point.logits, climb.aims)
        climb.improved += loss.detach() < climb.loss
        climb.loss, climb.gradient = loss.detach(), point.gradient(loss)
        better = climb.loss < climb.best_loss
        climb.best[better] = climb.pixels[better]
        climb.best_gradient[better] = climb.gradient[better]
        climb.best_loss[better] = climb.loss[better]
        if not self.stop_when_solved:
            return torch.ones_like(better)
        return self.left(task, walk, climb.rows, point.logits)


def checkpoints_of(steps: int) -> list[int]:
    """w_j = ceil(p_j steps), p_0 = 0, p_1 = .22, p_{j+1} = p_j + max(p_j - p_{j-1} - .03, .06)."""
    # In whole hundredths: sums of floats would move a ceiling.
    before, share = 0, 22
    found = []
    while share <= 100:
        found.append(math.ceil(share * steps / 100))
        before, share = share, share + max(share - before - 3, 6)
    return found


def _advance(task: Task, climb: _Climb, momentum: float) -> None:
    """One step of every example, for the better or the worse."""
    size = climb.size[:, None, None, None]
    ahead = task.project(climb.pixels - size * climb.gradient.sign())
    drift = (1 - momentum) * (climb.pixels - climb.before)
    moved = task.project(climb.pixels + momentum * (ahead - climb.pixels) + drift)
    climb.before, climb.pixels = climb.pixels, moved


def _check(climb: _Climb, steps: int) -> None:
    """At a checkpoint, `steps` after the last: halve and go back to the best where it is due."""
    few = climb.improved < PROGRESS * steps
    stuck = ~climb.halved & (climb.best_loss >= climb.checked)
    due = few | stuck
    climb.size = torch.where(due, climb.size / 2, climb.size)
    climb.pixels = torch.where(due[:, None, None, None], climb.best, climb.pixels)
    climb.gradient = torch.where(due[:, None, None, None], climb.best_gradient, climb.gradient)
    climb.improved = torch.zeros_like(climb.improved)
    climb.halved, climb.checked = due, climb.best_loss.clone()
