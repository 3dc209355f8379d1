"""Explanations."""

import numpy as np

from core.records.queries import CaptureFilter
from core.services import Services
from tests.support.images import blocks, noise
from tests.support.records import make_capture, make_image


def test_an_explanation_adds_up(signwatch: Services) -> None:
    explained = signwatch.explanations.explain([blocks(1), noise(20, 30)], [None, 14])
    (predicted,) = signwatch.model.predict([blocks(1)])
    assert explained[0].class_id == explained[0].predicted_id == predicted.class_id
    assert explained[1].class_id == 14
    assert [each.map.shape for each in explained] == [(32, 32), (20, 30)]
    assert max(each.residual for each in explained) < 1e-3


def test_the_method_is_the_one_asked_for(signwatch: Services) -> None:
    explain = signwatch.explanations.explain
    (plain,), (other,) = (
        explain([blocks(1)], [14], method=name) for name in ("fullgrad", "grad_cam")
    )
    assert other.residual is None
    assert not np.allclose(plain.map, other.map)
    image = make_image(1)
    signwatch.log.append([make_capture(image)], [image])
    reported: list[tuple[int, int]] = []
    sheet = signwatch.explanations.contact_sheet(
        CaptureFilter(),
        method="grad_cam",
        progress=lambda done, total, text: reported.append((done, total)),
    )
    np.testing.assert_allclose(sheet.tiles[0].explanation.map, other.map, atol=1e-6)
    assert reported[-1] == (1, 1)
