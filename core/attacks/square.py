"""Square attack: random squares, and nothing but the answers of the model."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from core.attacks.base import RestartingAttack
from core.attacks.checks import check_count, check_positive
from core.attacks.task import Task, Walk
from core.jobs import Watch
from core.records.attacks import AttackInfo

# The side of the squares shrinks after these queries out of 10,000.
HALVINGS = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)


class Square(RestartingAttack):
    """Random search over squares of the whole budget; needs logits, no gradients.

    The first query is x itself, the second x with every column of every channel moved by
    +-epsilon; then for each a square of side round(sqrt(p height width)) is moved by +-epsilon,
    channel by channel, and the other way where that would change nothing. What makes the margin
    (see `Task.margin`) fall is kept. p begins at `share` and is halved after 10, 50, 200, 500,
    1000, 2000, 4000, 6000 and 8000 of 10,000 squares, in proportion if there are fewer or more.
    Andriushchenko, Croce, Flammarion, Hein: Square Attack, ECCV 2020,
    https://arxiv.org/abs/1912.00049.

    Parameters
    ----------
    steps
        Queries at most, at least 1.
    share
        p at the beginning, above 0.
    seed
        Of all draws.
    stop_when_solved
        As in `PGD`.

    Raises
    ------
    BadInput
        For a setting out of range.
    """

    info = AttackInfo(
        name="square",
        title="Square",
        explanation="Tries random squares of colour and keeps those that help; needs only the "
        "model's answers.",
        formula="x' = clip(x ± ε) on a random square, kept if the margin falls; its side "
        "√(p · height · width), p = 0.8 and halved as queries go by",
        source="Andriushchenko, Croce, Flammarion, Hein 2020, https://arxiv.org/abs/1912.00049",
        norm="linf",
        takes_epsilon=True,
        targeted=True,
        needs_gradients=False,
        default_epsilon=8 / 255,
    )

    def __init__(
        self, *, steps: int = 1000, share: float = 0.8, seed: int = 0, stop_when_solved: bool = True
    ) -> None:
        check_count("steps", steps)
        check_positive("share", share)
        self.steps = steps
        self.share = share
        self.seed = seed
        self.stop_when_solved = stop_when_solved

    def walk(self, task: Task, restart: int, watch: Watch) -> Walk:
        """All queries."""
        walk = Walk.at_start(task.clean)
        best = torch.empty(0)  # logits of the pixels in `walk`, once there are any
        lowest = torch.full_like(task.clean[:, 0, 0, 0], torch.inf)
        rows = torch.arange(len(task), device=task.clean.device)  # still under way
        for number in range(1, self.steps + 1):
            watch.tick(f"query {number} of {self.steps}, {len(rows)} of {len(task)} images left")
            if not len(rows):
                return walk
            part = task.take(rows)
            moved = self._proposed(part, walk, rows, number)
            with torch.no_grad():
                logits = part.model(moved)
            margin = part.margin(logits)
            better = margin < lowest[rows]
            walk.pixels[rows[better]], lowest[rows[better]] = moved[better], margin[better]
            walk.steps[rows] += 1
            best = logits if number == 1 else best
            best[rows[better]] = logits[better]
            part.trace(best[rows])
            if self.stop_when_solved:
                rows = self._unsolved(task, walk, rows, better & part.reached(logits))
        return walk

    def _unsolved(self, task: Task, walk: Walk, rows: Tensor, solved: Tensor) -> Tensor:
        """The rows that are not solved now, or that rounding throws back."""
        left, candidates = ~solved, torch.nonzero(solved).flatten()
        if len(candidates):
            pixels = walk.pixels[rows[candidates]]
            left[candidates] = ~task.take(rows[candidates]).survives(pixels)
        return rows[left]

    def _proposed(self, task: Task, walk: Walk, rows: Tensor, number: int) -> Tensor:
        """What query `number`, from 1, asks about: (batch, 3, height, width)."""
        if number == 1:
            return task.clean
        return self._stripes(task) if number == 2 else self._square(task, walk, rows, number)

    def _stripes(self, task: Task) -> Tensor:
        """Every column of every channel at +-epsilon: (batch, 3, height, width)."""
        _, channels, _, width = task.clean.shape
        signs = task.uniform(self.seed, 1, shape=(channels, 1, width)).sub(0.5).sign()
        return task.project(task.clean + task.epsilon * signs)

    def _square(self, task: Task, walk: Walk, rows: Tensor, number: int) -> Tensor:
        """The best so far with one more square an image: (batch, 3, height, width)."""
        _, channels, height, width = task.clean.shape
        side = side_of(self.share, number - 3, self.steps - 2, height, width)
        draws = task.uniform(self.seed, number, shape=(2 + channels,))
        top = (draws[:, 0] * (height - side + 1)).long()
        left = (draws[:, 1] * (width - side + 1)).long()
        inside = (
            _between(top, side, height)[:, None, :, None]
            & _between(left, side, width)[:, None, None, :]
        )
        level = task.epsilon * draws[:, 2:].sub(0.5).sign()[:, :, None, None]
        now = walk.pixels[rows]
        moved = torch.where(inside, task.project(task.clean + level), now)
        idle = (moved == now).flatten(1).all(dim=1)[:, None, None, None]
        return torch.where(idle & inside, task.project(task.clean - level), moved)


def side_of(share: float, square: int, squares: int, height: int, width: int) -> int:
    """The side of square number `square` (from 0) out of `squares`, in pixels, at least 1."""
    progress = square * 10_000 // squares
    p = share / 2 ** sum(progress > halving for halving in HALVINGS)
    return min(max(round(math.sqrt(p * height * width)), 1), height, width)


def _between(first: Tensor, side: int, length: int) -> Tensor:
    """first (batch,) -> (batch, length) bool: first <= place < first + side."""
    places = torch.arange(length, device=first.device)
    return (places >= first[:, None]) & (places < first[:, None] + side)
