"""An image beside clean ones: the one it was made of, or else the nearest."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from core import samples
from core.capture.images import CapturedImages
from core.labels import class_name
from core.records.captures import Provenance
from core.records.explanations import Explanation
from core.store import CaptureLog
from core.triage.panels import Panels
from core.triage.similarity import signature
from tests.core.triage.conftest import LIMITS, Explainer, put, put_clean, put_made_of
from tests.support.explaining import make_explanation
from tests.support.images import blocks
from tests.support.records import make_image


@pytest.fixture
def panels(log: CaptureLog, explainer: Explainer) -> Panels:
    return Panels(log, CapturedImages(log, LIMITS), explainer)


def test_what_it_was_made_of_stands_beside_it(
    log: CaptureLog, panels: Panels, explainer: Explainer
) -> None:
    clean = make_image(2)
    log.append([], [clean])
    capture = put_made_of(log, clean.sha256)
    found = panels.of(capture, blocks(1), signature(blocks(1)))
    assert [(panel.title, panel.prediction) for panel in found] == [
        ("This image", f"{class_name(14)} · 50.0%"),
        ("Clean", f"{class_name(14)} · 60.0%"),
    ]
    np.testing.assert_array_equal(explainer.images, [blocks(1), blocks(2)])
    assert Image.open(io.BytesIO(found[0].overlay)).format == "JPEG"


def test_the_nearest_clean_ones_of_the_predicted_and_the_likely_class(
    log: CaptureLog, panels: Panels, explainer: Explainer
) -> None:
    put_clean(log, 14, 1)
    put_clean(log, 14, 7)
    capture = put_made_of(log, "f" * 64)  # its sender names one that the log does not have
    found = panels.of(capture, blocks(1), signature(blocks(1)))
    assert [panel.title for panel in found] == [
        "This image",
        f"Nearest clean: {class_name(14)}",
        f"Likely true class: {class_name(3)}",
    ]
    np.testing.assert_array_equal(explainer.images[1], blocks(1))
    drawn = [sample.image().pixels for sample in samples.of_class(3)]
    assert any(np.array_equal(explainer.images[2], each) for each in drawn)


def test_all_panels_are_on_one_colour_scale(log: CaptureLog) -> None:
    """The same image twice: under the larger map it looks different, under the same one alike."""
    log.append([], [make_image(1)])
    capture = put_made_of(log, make_image(1).sha256)

    def overlays(*peaks: float) -> list[bytes]:
        def explain(images: Sequence[np.ndarray], _: object) -> list[Explanation]:
            return [make_explanation(np.eye(32) * peak) for peak in peaks[: len(images)]]

        panels = Panels(log, CapturedImages(log, LIMITS), explain)
        found = panels.of(capture, blocks(1), signature(blocks(1)))
        return [panel.overlay for panel in found]

    first, second = overlays(1, 1)
    assert first == second
    smaller, larger = overlays(1, 2)
    assert smaller != larger == first


def test_what_is_suspected_stands_for_no_clean_image(
    log: CaptureLog, panels: Panels, explainer: Explainer
) -> None:
    capture = put_made_of(log, "f" * 64)
    put(log, 0.001, seed=1)  # flagged, and the same image
    put_clean(log, 14, 1, provenance=Provenance(attack="pgd"))
    panels.of(capture, blocks(1), signature(blocks(1)))
    assert len(explainer.images) == 3
    assert not np.array_equal(explainer.images[1], blocks(1))


def test_an_image_is_not_its_own_clean_one(
    log: CaptureLog, panels: Panels, explainer: Explainer
) -> None:
    capture = put_clean(log, 14, 1)
    panels.of(capture, blocks(1), signature(blocks(1)))
    assert not any(np.array_equal(each, blocks(1)) for each in explainer.images[1:])
    put_clean(log, 14, 1)  # the same image once more is another capture
    panels.of(capture, blocks(1), signature(blocks(1)))
    assert np.array_equal(explainer.images[1], blocks(1))
