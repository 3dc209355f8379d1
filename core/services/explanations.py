"""Explanations by the model that serves: of given images, and of captures on a contact sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.explain import contact_sheet, html, png
from core.explain.comparison import Comparison
from core.explain.contact_sheet import ContactSheet
from core.explain.methods import METHODS, get_method
from core.explain.run import explain_images
from core.images import ImageLimits
from core.jobs import Progress, in_silence
from core.model.classifier import Classifier
from core.records.explanations import DEFAULT_METHOD, MOST_TILES, Explanation, MethodInfo
from core.records.queries import CaptureFilter
from core.store import CaptureLog


class Explanations:
    """Heat maps for pages; images are (height, width, 3) uint8, of any sizes."""

    def __init__(self, classifier: Classifier, log: CaptureLog, limits: ImageLimits) -> None:
        self._classifier = classifier
        self._log = log
        self._limits = limits

    @staticmethod
    def methods() -> Mapping[str, MethodInfo]:
        """What is known of each method, by name."""
        return METHODS

    @staticmethod
    def method(name: str) -> MethodInfo:
        """What is known of the method of that name; raises BadInput, listing the known ones."""
        return get_method(name)

    def explain(
        self,
        images: Sequence[NDArray[np.uint8]],
        classes: Sequence[int | None],
        *,
        method: str = DEFAULT_METHOD,
        progress: Progress = in_silence,
    ) -> list[Explanation]:
        """Explain each image for its class (None: the predicted one), as `explain_images` does."""
        return explain_images(self._classifier, images, classes, method=method, progress=progress)

    def contact_sheet(
        self,
        chosen: CaptureFilter,
        *,
        limit: int = MOST_TILES,
        method: str = DEFAULT_METHOD,
        progress: Progress = in_silence,
    ) -> ContactSheet:
        """Some of the captures with their maps, as `contact_sheet.make` chooses them."""
        return contact_sheet.make(
            self._log,
            chosen,
            partial(self.explain, method=method, progress=progress),
            limit=limit,
            limits=self._limits,
        )

    def to_png(self, comparison: Comparison) -> bytes:
        """Heat maps side by side as one image."""
        return png.render(comparison)

    def to_html(self, comparison: Comparison) -> bytes:
        """Heat maps as an HTML report that needs nothing else."""
        return html.render(comparison).encode()
