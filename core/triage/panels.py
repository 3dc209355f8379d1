"""An image beside clean ones, each under its heat map."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from core import samples
from core.capture.images import CapturedImages
from core.errors import SignwatchError
from core.explain import heat_maps
from core.images import encode_jpeg
from core.labels import all_labels, class_name
from core.records.captures import Capture
from core.records.explanations import Explanation
from core.records.queries import CaptureFilter
from core.records.triage import Panel
from core.store import CaptureLog
from core.triage.similarity import Signature, signature, similarity
from core.triage.suggestions import suggested_classes

Pixels = NDArray[np.uint8]
Explain = Callable[[Sequence[Pixels], Sequence[int | None]], list[Explanation]]

CANDIDATES = 24  # clean captures of a class, of which the nearest is shown
OPACITY = 0.6  # of the map: the sign has to be seen under it


class Panels:
    """Explains images beside clean ones. explain: images and their classes (None: predicted)."""

    def __init__(self, log: CaptureLog, images: CapturedImages, explain: Explain) -> None:
        self._log = log
        self._images = images
        self._explain = explain

    def of(self, capture: Capture, pixels: Pixels, own: Signature) -> list[Panel]:
        """The capture's image first, then clean ones, all on one colour scale."""
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

    def _clean(self, capture: Capture, own: Signature) -> list[tuple[str, Pixels]]:
        """The image that it was made of, or else the nearest clean ones of two classes."""
        if made_of := capture.provenance.clean_sha256:
            try:
                return [("Clean", self._images.decoded(made_of).pixels)]
            except SignwatchError:
                pass  # its sender named one that the log does not have
        nearest = []
        for title, class_id in (
            ("Nearest clean", capture.class_id),
            ("Likely true class", next(iter(suggested_classes(capture)), None)),
        ):
            if class_id is not None and class_id < len(all_labels()):
                nearest += [
                    (f"{title}: {class_name(class_id)}", each)
                    for each in self._nearest(class_id, capture.capture_id, own)
                ]
        return nearest

    def _nearest(self, class_id: int, but: str, own: Signature) -> list[Pixels]:
        """The most similar of sample signs and unsuspected captures of that class."""
        chosen = CaptureFilter(class_id=class_id, suspect=False, with_image=True)
        items = self._log.find(chosen, limit=CANDIDATES)
        captures = [each.capture for each in items if each.capture.capture_id != but]
        found = [pixels for pixels in self._images.pixels(captures) if pixels is not None]
        found += [sample.image().pixels for sample in samples.of_class(class_id)]
        return sorted(found, key=lambda pixels: similarity(signature(pixels), own))[-1:]
