"""Builds the context of an item: its maps beside clean images, its neighbours, its group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core import thumbnails
from core.capture.images import CapturedImages, viewable
from core.errors import SignwatchError
from core.records.captures import Capture
from core.records.queries import CaptureFilter, Cursor, Direction
from core.records.triage import COMPARED, ItemContext, Panel, Thumbnail
from core.store import CaptureLog, QueueTable
from core.triage.panels import Explain, Panels
from core.triage.similarity import NEAR_DUPLICATE, Signature, signature, similarity

AROUND = 6  # captures before, and as many after
EXECUTIONS = 3


class ContextBuilder:
    """Builds contexts over one log. explain: images and their classes (None: predicted)."""

    def __init__(
        self, log: CaptureLog, queue: QueueTable, images: CapturedImages, explain: Explain
    ) -> None:
        self._log = log
        self._queue = queue
        self._images = images
        self._panels = Panels(log, images, explain)

    def build(self, capture_id: str) -> ItemContext:
        """The context of one capture; `problem` says why maps are missing. Raises NotFound."""
        capture = self._log.capture(capture_id).capture
        image, own, problem, panels = None, None, None, list[Panel]()
        try:
            decoded = self._images.decoded(capture.image_sha256)
            image, own = viewable(decoded), signature(decoded.pixels)
            panels = self._panels.of(capture, decoded.pixels, own)
        except SignwatchError as error:
            problem = str(error)
        images = self._queue.group_of(capture.capture_id)
        return ItemContext(
            image,
            tuple(panels),
            problem,
            around=self._thumbnails(self._around(capture), own),
            group=self._group(images, capture.capture_id, own),
            executions=tuple(
                self._log.executions_over(capture.inferred_at, capture.endpoint, limit=EXECUTIONS)
            ),
            members=tuple(images),
        )

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

    def _group(
        self, images: Mapping[str, str | None], own: str, like: Signature | None
    ) -> tuple[Thumbnail, ...]:
        """The COMPARED images of its group that are nearest in time, oldest first, each once."""
        if own not in images:
            return ()
        same: dict[str, list[str]] = {}
        for name, sha256 in images.items():
            same.setdefault(sha256 or name, []).append(name)
        copies = {own if own in all_of else all_of[0]: tuple(all_of) for all_of in same.values()}
        names = list(copies)
        place = names.index(own)
        start = max(0, min(place - COMPARED // 2, len(names) - COMPARED))
        near = tuple(names[start : start + COMPARED])
        items = self._log.find(CaptureFilter(capture_ids=near), limit=len(near))
        tiles = self._thumbnails([each.capture for each in items][::-1], like)
        return tuple(replace(each, copies=copies[each.capture.capture_id]) for each in tiles)

    def _thumbnails(
        self, captures: Sequence[Capture], own: Signature | None
    ) -> tuple[Thumbnail, ...]:
        found = []
        for capture, pixels in zip(captures, self._images.pixels(captures), strict=True):
            if pixels is None:
                found.append(Thumbnail(capture, thumbnails.no_image(), similar=False))
                continue
            similar = own is not None and similarity(signature(pixels), own) >= NEAR_DUPLICATE
            found.append(Thumbnail(capture, thumbnails.strip_tile(pixels), similar))
        return tuple(found)
