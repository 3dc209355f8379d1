"""What a close look at one capture shows: maps beside clean examples, and what is around it."""

from __future__ import annotations

from dataclasses import dataclass

from core.figures import LONGEST_SIDE
from core.images import Picture, encode_jpeg, fit
from core.types import Capture, Execution

COMPARED = 120  # of a large group, those nearest in time


@dataclass(frozen=True)
class Panel:
    """A picture under its map, as JPEG. title: what it is; read_as: the class, and how sure."""

    title: str
    read_as: str
    overlay: bytes


@dataclass(frozen=True)
class Tile:
    """A capture, small. picture: a URL that holds it; alike: it looks like the one looked at."""

    capture: Capture
    picture: str
    alike: bool


@dataclass(frozen=True)
class Closeup:
    """What there is to see of one capture and around it.

    picture: a file of it; panels: itself and clean ones under their maps, on one scale; problem:
    why there are none. around: captures of the same endpoint and source, itself among them; group:
    the flagged ones that it belongs to, at most COMPARED; both in order of time. executions: of the
    monitor, over it.
    """

    picture: bytes | None
    panels: tuple[Panel, ...]
    problem: str | None
    around: tuple[Tile, ...]
    group: tuple[Tile, ...]
    executions: tuple[Execution, ...]


def shown(picture: Picture) -> bytes:
    """A file of a picture to look at: its own, unless it is larger than anybody looks at it."""
    if max(picture.pixels.shape) <= LONGEST_SIDE:
        return picture.content
    return encode_jpeg(fit(picture.pixels, LONGEST_SIDE))
