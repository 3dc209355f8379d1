"""Takes close looks: explains a capture beside clean ones, and finds what is around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core import samples, thumbnails
from core.errors import NotFound, SignwatchError
from core.explain import heat_maps
from core.explain.explanation import Explanation
from core.images import ImageFile, ImageLimits, encode_jpeg, fit
from core.labels import all_labels, class_name
from core.records.captures import Capture
from core.records.monitoring import Execution
from core.records.queries import CaptureFilter, Cursor, Direction
from core.store import CaptureLog, WorklistTable
from core.thumbnails import LONGEST_SIDE
from core.triage.similarity import ALIKE, Look, likeness, look
from core.triage.suggestions import likely

Pixels = NDArray[np.uint8]
Explain = Callable[[Sequence[Pixels], Sequence[int | None]], list[Explanation]]

AROUND = 6  # captures before, and as many after
CANDIDATES = 24  # clean captures of a class, of which the nearest is shown
EXECUTIONS = 3
OPACITY = 0.6  # of the map: the sign has to be seen under it


class Photographer:
    """Takes close looks. explain: as Services has it, images and their classes in."""

    def __init__(
        self, log: CaptureLog, worklist: WorklistTable, explain: Explain, limits: ImageLimits
    ) -> None:
        self._log = log
        self._worklist = worklist
        self._explain = explain
        self._limits = limits

    def take(self, capture_id: str) -> Closeup:
        """Look at one capture; what cannot be had of it is said. Raises NotFound."""
        capture = self._log.capture(capture_id).capture
        image, panels, problem = None, list[Panel](), None
        try:
            taken = self._image(capture.image_sha256)
            image, own = shown(taken), look(taken.pixels)
            panels = self._panels(capture, taken.pixels, own)
        except SignwatchError as error:
            problem, own = str(error), None
        names = self._worklist.group_of(capture.capture_id)
        return Closeup(
            image,
            tuple(panels),
            problem,
            around=self._tiles(self._around(capture), own),
            group=self._tiles(self._group(names, capture.capture_id), own),
            executions=tuple(
                self._log.executions_over(capture.inferred_at, capture.endpoint, limit=EXECUTIONS)
            ),
        )

    def _image(self, sha256: str | None) -> ImageFile:
        if sha256 is None:
            raise NotFound("no image was captured: only the answer was kept, or imported")
        return ImageFile.from_file(self._log.image(sha256).content, self._limits)

    def _panels(self, capture: Capture, pixels: Pixels, own: Look) -> list[Panel]:
        found = [("This image", pixels), *self._clean(capture, own)]
        explanations = self._explain([each for _, each in found], [None] * len(found))
        scale = heat_maps.common_scale([each.map for each in explanations])
        return [
            Panel(
                title,
                f"{class_name(each.predicted_id)} · {each.probability:.1%}",
                encode_jpeg(heat_maps.overlay(one, each.map, largest=scale, opacity=OPACITY)),
            )
            for (title, one), each in zip(found, explanations, strict=True)
        ]

    def _clean(self, capture: Capture, own: Look) -> list[tuple[str, Pixels]]:
        """The image that it was made of, or else the nearest clean ones of two classes."""
        if made_of := capture.provenance.clean_sha256:
            try:
                return [("Clean", self._image(made_of).pixels)]
            except SignwatchError:
                pass  # its sender named one that the log does not have
        nearest = []
        for title, class_id in (
            ("Nearest clean", capture.class_id),
            ("Nearest clean, likely right", next(iter(likely(capture)), None)),
        ):
            if class_id is not None and class_id < len(all_labels()):
                nearest += [
                    (f"{title}: {class_name(class_id)}", each)
                    for each in self._nearest(class_id, capture.capture_id, own)
                ]
        return nearest

    def _nearest(self, class_id: int, but: str, own: Look) -> list[Pixels]:
        """Of captures of that class that nobody suspects, and sample signs, the one most alike."""
        chosen = CaptureFilter(class_id=class_id, suspect=False, with_image=True)
        items = self._log.find(chosen, limit=CANDIDATES)
        captures = [each.capture for each in items if each.capture.capture_id != but]
        found = [pixels for pixels in self._images(captures) if pixels is not None]
        found += [sample.image().pixels for sample in samples.of_class(class_id)]
        return sorted(found, key=lambda pixels: likeness(look(pixels), own))[-1:]

    def _around(self, capture: Capture) -> list[Capture]:
        """Neighbours in time, those before it and those after it."""
        chosen = CaptureFilter(endpoint=capture.endpoint, source=capture.provenance.source)
        pages = (
            self._log.listing.page(
                chosen, Cursor(way, capture.inferred_at, capture.capture_id), limit=AROUND
            ).items
            for way in (Direction.OLDER, Direction.NEWER)
        )
        older, newer = ([each.capture for each in page][::-1] for page in pages)
        return [*older, capture, *newer]

    def _group(self, names: Sequence[str], own: str) -> list[Capture]:
        if own not in names:
            return []
        place = names.index(own)
        start = max(0, min(place - COMPARED // 2, len(names) - COMPARED))
        near = tuple(names[start : start + COMPARED])
        items = self._log.find(CaptureFilter(capture_ids=near), limit=len(near))
        return [each.capture for each in items][::-1]

    def _tiles(self, captures: Sequence[Capture], own: Look | None) -> tuple[Tile, ...]:
        tiles = []
        for capture, pixels in zip(captures, self._images(captures), strict=True):
            if pixels is None:
                tiles.append(Tile(capture, thumbnails.no_image(), alike=False))
                continue
            alike = own is not None and likeness(look(pixels), own) >= ALIKE
            tiles.append(Tile(capture, thumbnails.strip_tile(pixels), alike))
        return tuple(tiles)

    def _images(self, captures: Sequence[Capture]) -> list[Pixels | None]:
        files = self._log.images([capture.image_sha256 for capture in captures])
        found: list[Pixels | None] = []
        for capture in captures:
            file = files.get(capture.image_sha256 or "")
            try:
                found.append(
                    ImageFile.from_file(file.content, self._limits).pixels if file else None
                )
            except SignwatchError:
                found.append(None)
        return found


COMPARED = 120  # of a large group, those nearest in time


@dataclass(frozen=True)
class Panel:
    """An image under its map, as JPEG. title: what it is; read_as: the class, and how sure."""

    title: str
    read_as: str
    overlay: bytes


@dataclass(frozen=True)
class Tile:
    """A capture, small. image: a URL that holds it; alike: it looks like the one looked at."""

    capture: Capture
    image: str
    alike: bool


@dataclass(frozen=True)
class Closeup:
    """What there is to see of one capture and around it.

    image: a file of it; panels: itself and clean ones under their maps, on one scale; problem:
    why there are none. around: captures of the same endpoint and source, itself among them; group:
    the flagged ones that it belongs to, at most COMPARED; both in order of time. executions: of the
    monitor, over it.
    """

    image: bytes | None
    panels: tuple[Panel, ...]
    problem: str | None
    around: tuple[Tile, ...]
    group: tuple[Tile, ...]
    executions: tuple[Execution, ...]


def shown(image: ImageFile) -> bytes:
    """A file of an image to look at: its own, unless it is larger than anybody looks at it."""
    if max(image.pixels.shape) <= LONGEST_SIDE:
        return image.content
    return encode_jpeg(fit(image.pixels, LONGEST_SIDE))
