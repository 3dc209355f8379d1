"""Many captures at once: what the model looked at, adversarial beside clean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import SignwatchError
from core.explain import heat_maps
from core.explain.heat_maps import MEAN_SIDE
from core.images import LONGEST_SIDE, ImageFile, ImageLimits, fit
from core.labels import all_labels
from core.records.captures import Capture
from core.records.explanations import Explanation
from core.records.queries import CaptureFilter
from core.store import CaptureLog

Explain = Callable[[Sequence[NDArray[np.uint8]], Sequence[int | None]], list[Explanation]]


@dataclass(frozen=True, eq=False)
class Tile:
    """One image with its map. capture: the newest of its captures; copies: how many these are."""

    capture: Capture
    pixels: NDArray[np.uint8]
    explanation: Explanation
    copies: int = 1

    @property
    def suspect(self) -> bool:
        """Whether it counts among the adversarial ones."""
        return self.capture.provenance.attack is not None or self.capture.flagged


@dataclass(frozen=True, eq=False)
class Mean:
    """Over `count` tiles: the mean map (MEAN_SIDE, MEAN_SIDE) and the mean image under it."""

    count: int
    map: NDArray[np.float32]
    pixels: NDArray[np.uint8]

    @staticmethod
    def of(tiles: Sequence[Tile]) -> Mean | None:
        """None without tiles."""
        if not tiles:
            return None
        size = (MEAN_SIDE, MEAN_SIDE)
        images = [np.asarray(Image.fromarray(tile.pixels).resize(size)) for tile in tiles]
        return Mean(
            len(tiles),
            heat_maps.mean_map([tile.explanation.map for tile in tiles]),
            np.mean(images, axis=0).round().astype(np.uint8),
        )


@dataclass(frozen=True, eq=False)
class Means:
    """One class: the mean of the adversarial or flagged tiles, and of the others."""

    class_id: int
    suspect: Mean | None
    other: Mean | None

    @property
    def difference(self) -> NDArray[np.float32] | None:
        """Adversarial or flagged minus the rest; None unless there are both."""
        if self.suspect is None or self.other is None:
            return None
        return heat_maps.difference(self.suspect.map, self.other.map)


@dataclass(frozen=True, eq=False)
class ContactSheet:
    """Tiles, suspects first. suspects, others: how many captures with an image match, of each
    kind; unreadable: how many chosen captures have an image that could not be read.
    """

    tiles: tuple[Tile, ...]
    suspects: int
    others: int
    unreadable: int

    @property
    def scale(self) -> float:
        """The end of the one colour scale of all tiles; 1 without tiles."""
        maps = [tile.explanation.map for tile in self.tiles]
        return heat_maps.common_scale(maps) if maps else 1.0

    def means(self) -> list[Means]:
        """Mean maps by explained class, that with most tiles first."""
        groups: dict[int, list[Tile]] = {}
        for tile in self.tiles:
            groups.setdefault(tile.explanation.class_id, []).append(tile)
        ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
        return [
            Means(
                class_id,
                *(
                    Mean.of([tile for tile in tiles if tile.suspect == suspect])
                    for suspect in (True, False)
                ),
            )
            for class_id, tiles in ordered
        ]


def dealt(limit: int, suspects: int, others: int) -> tuple[int, int]:
    """How many of each kind come on a sheet: half each, unless one has fewer."""
    first = min(suspects, max(limit - others, (limit + 1) // 2))
    return first, min(others, limit - first)


def make(
    log: CaptureLog,
    chosen: CaptureFilter,
    explain: Explain,
    *,
    limit: int,
    limits: ImageLimits,
) -> ContactSheet:
    """Some of the captures that match and have an image, evenly over time, with their maps.

    An image with the same prediction is there once, whatever the number of its captures.

    Parameters
    ----------
    chosen
        Which captures.
    explain
        Explains images, each for a class (None: the predicted one). A capture is explained for the
        class that was predicted then, if it is one of ours.
    limit
        Images on the sheet at most; adversarial or flagged ones and others have half each.
    limits
        On stored images, which may come from imported files.

    Returns
    -------
    ContactSheet
        Images that cannot be read are left out and counted.

    Raises
    ------
    BadInput
        For networks that the method does not cover.
    """
    kinds = [replace(chosen, with_image=True, suspect=suspect) for suspect in (True, False)]
    wanted = [chosen.suspect in (None, kind.suspect) for kind in kinds]
    counts = [log.count(kind) if want else 0 for kind, want in zip(kinds, wanted, strict=True)]
    images = [
        log.listing.count_images(kind) if want else 0
        for kind, want in zip(kinds, wanted, strict=True)
    ]
    items = [
        item
        for kind, share in zip(kinds, dealt(limit, *images), strict=True)
        if share
        for item in log.listing.spread(kind, limit=share)
    ]
    files = log.images([item.capture.image_sha256 for item, _ in items])
    read: list[tuple[Capture, NDArray[np.uint8], int]] = []
    unreadable = 0
    for item, copies in items:
        file = files.get(item.capture.image_sha256 or "")
        try:
            image = ImageFile.from_file(file.content if file else b"", limits)
        except SignwatchError:
            unreadable += copies
            continue
        read.append((item.capture, fit(image.pixels, LONGEST_SIDE), copies))
    classes = [_own(capture.class_id) for capture, _, _ in read]
    explanations = explain([pixels for _, pixels, _ in read], classes) if read else []
    tiles = tuple(
        Tile(capture, pixels, explanation, copies)
        for (capture, pixels, copies), explanation in zip(read, explanations, strict=True)
    )
    return ContactSheet(tiles, counts[0], counts[1], unreadable)


def _own(class_id: int | None) -> int | None:
    """The class, if it is one of ours: imported captures may have others."""
    return class_id if class_id is not None and 0 <= class_id < len(all_labels()) else None
