"""Recorded tensors: list them, record a capture now, explain a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.explain.run import explain_images
from core.images import LONGEST_SIDE, ImageFile, ImageLimits, fit
from core.metrics import Metrics
from core.model.classifier import Classifier
from core.records.analysts import Permission
from core.records.explanations import Explanation
from core.records.permissions import needs
from core.records.tensors import (
    DEFAULT_REGEX,
    Array,
    TensorFacts,
    TensorRecord,
    parse_save_config,
)
from core.settings import Settings
from core.store import CaptureLog, TensorsTable
from core.tensors.fullgrad import explain_record, largest_difference
from core.tensors.npz import to_npz
from core.tensors.recorder import Recorder
from core.tensors.trial import TensorTrial


@dataclass(frozen=True)
class RecordMaps:
    """FullGrad of a recorded image (height, width, 3), from its record and from the live network.

    live, difference: None if other weights serve now than were recorded; difference: the largest
    one between both maps, as a share of the live map's range.
    """

    pixels: NDArray[np.uint8]
    recorded: Explanation
    live: Explanation | None
    difference: float | None


class Tensors:
    """The records of tensors in the log; a step is one recorded image.

    image: reads an image of the log by its SHA-256, raises NotFound; in_work: how many requests
    are in progress.
    """

    def __init__(
        self,
        settings: Settings,
        classifier: Classifier,
        log: CaptureLog,
        metrics: Metrics,
        limits: ImageLimits,
        *,
        image: Callable[[str | None], ImageFile],
        in_work: Callable[[], int],
    ) -> None:
        self.flagged = settings.tensors_flagged
        self.save_config = settings.tensors_save
        self.most = settings.tensors_records
        self._classifier = classifier
        self._log = log
        self._table = TensorsTable(log.database)
        self._metrics = metrics
        self._image = image
        self.recorder = Recorder(
            classifier,
            self._table,
            metrics,
            limits,
            include_regex=settings.tensors_regex or DEFAULT_REGEX,
            save_config=parse_save_config(settings.tensors_save),
            flagged=self.flagged,
            keep=self.most,
            in_work=in_work,
        )

    def close(self) -> None:
        """Stop recording; what still waits is dropped."""
        self.recorder.close()

    def records(self, capture_id: str | None = None) -> list[TensorRecord]:
        """Every record (of one capture), newest first."""
        return self._table.records(capture_id)

    @needs(Permission.TENSORS)
    def record(self, capture_id: str, class_id: int | None = None) -> TensorRecord:
        """Run a captured image again and record its tensors.

        Parameters
        ----------
        capture_id
            The capture; its image must be in the log.
        class_id
            The class of the logit that gradients are of; None: the predicted one.

        Returns
        -------
        TensorRecord
            A new record. It is of the weights that serve now; where others answered the request,
            its checksum differs from the capture's.

        Raises
        ------
        NotFound
            There is no such capture, or its image is not in the log.
        BadInput
            There is no such class.
        """
        capture = self._log.capture(capture_id).capture
        image = self._image(capture.image_sha256)
        return self.recorder.record(capture, image.pixels, class_id)

    def trial(self) -> TensorTrial:
        """All records with the interface of SageMaker Debugger's trial."""
        return TensorTrial(self._table)

    def facts(
        self, step: int, *, regex: str | None = None, collection: str = "all"
    ) -> list[TensorFacts]:
        """Shape and figures of a step's tensors whose names match both, in the network's order.

        Raises BadInput for an expression that RE2 does not read, NotFound for a collection.
        """
        chosen = set(self.trial().tensor_names(step=step, collection=collection))
        return [each for each in self._table.facts(step, regex=regex) if each.name in chosen]

    def values(self, step: int, name: str) -> Array:
        """The numbers of one tensor in one step; raises NotFound as `TrialTensor.value` does."""
        return self.trial().tensor(name).value(step)

    def history(self, name: str) -> dict[int, TensorFacts]:
        """step -> figures of one tensor, for every step that has it."""
        return self._table.history(name)

    def explain(self, step: int) -> Explanation:
        """FullGrad from the tensors of one step alone; raises NotFound and BadInput."""
        return explain_record(self._table.record(step).passed, self._table.values(step))

    def maps(self, record: TensorRecord, image_sha256: str | None) -> RecordMaps:
        """The map of a record beside the live one; raises NotFound and BadInput."""
        pixels = fit(self._image(image_sha256).pixels, LONGEST_SIDE)
        recorded = self.explain(record.step)
        if record.model_sha256 != self._classifier.manifest.sha256:
            return RecordMaps(pixels, recorded, live=None, difference=None)
        (live,) = explain_images(self._classifier, [pixels], [record.passed.class_id])
        return RecordMaps(pixels, recorded, live, largest_difference(recorded, live))

    def to_npz(self, record: TensorRecord) -> bytes:
        """A record as an .npz file: its tensors by name, what is known of it as JSON."""
        return to_npz(record, self._table.values(record.step))

    def size(self) -> int:
        """Bytes that the tensors of all records take, without those of the weights."""
        return self._table.size()

    def outcomes(self) -> dict[str, int]:
        """How many requests were recorded, dropped, failed, since the process started."""
        return self._metrics.tensor_outcomes()
