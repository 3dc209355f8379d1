"""Explanations."""

from core.services import Services
from tests.support.images import blocks, noise


def test_an_explanation_adds_up(signwatch: Services) -> None:
    explained = signwatch.explanations.explain([blocks(1), noise(20, 30)], [None, 14])
    (predicted,) = signwatch.model.predict([blocks(1)])
    assert explained[0].class_id == explained[0].predicted_id == predicted.class_id
    assert explained[1].class_id == 14
    assert [each.map.shape for each in explained] == [(32, 32), (20, 30)]
    assert max(each.residual for each in explained) < 1e-3
