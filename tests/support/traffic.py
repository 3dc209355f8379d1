"""Requests and captures that the pages show."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.capture.provenance import RequestFacts, format_provenance
from core.images import ImageFile
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import Baselines, files_of
from core.records.analysts import Analyst
from core.records.captures import Capture, Prediction, Provenance
from core.records.queries import CaptureFilter
from core.records.verdicts import Decision, GivenVerdict, TriageItem, Verdict
from core.records.window import now
from core.services import Services
from core.store import BaselinesTable
from tests.support.images import blocks
from tests.support.records import make_capture, make_image, make_prediction

EVERYTHING = CaptureFilter()


def everything(signwatch: Services) -> list[TriageItem]:
    """Every capture in the log, newest first."""
    return signwatch.log.find(EVERYTHING, limit=10_000)


def request(
    signwatch: Services,
    pixels: NDArray[np.uint8],
    provenance: Provenance = Provenance(),
    *,
    received_at: datetime | None = None,
) -> str:
    """One image sent to the endpoint; returns the capture's id."""
    facts = RequestFacts(
        custom_attributes=format_provenance(provenance), received_at=received_at or now()
    )
    (capture_id,) = signwatch.inference.invoke([ImageFile.from_pixels(pixels)], facts).capture_ids
    assert capture_id is not None
    return capture_id


def predict(signwatch: Services, pixels: NDArray[np.uint8]) -> Prediction:
    """What the classifier says of one image, nothing captured."""
    return signwatch.model.predict([pixels])[0]


def predicted_as(signwatch: Services, *, other_than: int) -> NDArray[np.uint8]:
    """An image that is predicted as another class."""
    return next(
        pixels
        for pixels in map(blocks, range(500, 600))
        if predict(signwatch, pixels).class_id != other_than
    )


def flood(signwatch: Services, same: int, others: int) -> int:
    """`same` requests of one image, `others` of other classes; returns the flooding class."""
    flooding = predict(signwatch, blocks(0)).class_id
    for _ in range(same):
        request(signwatch, blocks(0))
    different = {flooding}
    for pixels in map(blocks, range(1, 1000)):
        if len(different) > others:
            return flooding
        if (class_id := predict(signwatch, pixels).class_id) not in different:
            different.add(class_id)
            request(signwatch, pixels)
    raise AssertionError("the classifier tells too few classes apart")


def put_flagged(
    signwatch: Services,
    p_value: float,
    *,
    class_id: int = 14,
    seed: int = 0,
    minutes_ago: float = 0,
    **changes: Any,
) -> Capture:
    """A flagged capture in the log, as the endpoint would have left it."""
    image = make_image(seed)
    capture = make_capture(
        image,
        inferred_at=now() - timedelta(minutes=minutes_ago),
        prediction=make_prediction(
            class_id, p_value=p_value, flagged=True, reasons=(f"p-value {p_value}",)
        ),
        **changes,
    )
    signwatch.log.append([capture], [image])
    return capture


def decide(
    signwatch: Services,
    capture_id: str,
    verdict: Verdict,
    true_class: int | None = None,
    *,
    note: str = "",
    analyst: str = "local",
) -> Decision:
    """A verdict on a capture in the log."""
    capture = signwatch.log.capture(capture_id).capture
    given = GivenVerdict(verdict, true_class, note)
    return signwatch.triage.decide([capture], given, by=Analyst(analyst)).decisions[0]


def baseline_of_another_model(signwatch: Services) -> str:
    """Put a baseline of ten classes in force; returns the message on it."""
    ten = Baselines(BaselinesTable(signwatch.log.database), 10)
    ten.add(files_of(Baseline(10, {1: 3})), origin="another model")
    return (
        "the baseline is of 10 classes and the model tells 43 apart: it belongs to another label "
        "set. Create a baseline for this model"
    )
