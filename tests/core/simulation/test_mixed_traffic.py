"""An attacked image among sample signs."""

import numpy as np

from core.attacks.lab import Lab
from core.images import ImageFile
from core.labels import all_labels
from core.model.predictor import Predictor
from core.records.attacks import AttackPlan
from core.records.captures import Provenance
from core.simulation import mixed_traffic
from tests.support.images import blocks


def test_attacked_and_clean_requests_are_mixed_the_same_way_each_time(
    predictor: Predictor,
) -> None:
    image = blocks(3)
    label = predictor.predict([image])[0].class_id
    (result,) = Lab(predictor).attack(AttackPlan("fgsm", epsilon=8 / 255), [image], [label])
    requests = mixed_traffic.traffic(result, 86, 16)
    clean = ImageFile.from_pixels(image).sha256
    adversarial = [pair for pair in requests if pair[1].attack is not None]
    assert len(requests) == 86
    assert len(adversarial) == 16
    for sent, provenance in adversarial:
        assert np.array_equal(sent.pixels, result.adversarial)
        assert provenance == Provenance("lab", label, "fgsm", None, clean)
    others = [provenance for _, provenance in requests if provenance.attack is None]
    assert {each.source for each in others} == {"lab"}
    assert len({each.label for each in others}) >= len(all_labels()) // 2
    kinds = [provenance.attack for _, provenance in requests]
    assert kinds != sorted(kinds, key=str)
    again = mixed_traffic.traffic(result, 86, 16)
    assert [image.sha256 for image, _ in again] == [image.sha256 for image, _ in requests]


def test_nothing_but_the_attacked_image(predictor: Predictor) -> None:
    label = predictor.predict([blocks(3)])[0].class_id
    (result,) = Lab(predictor).attack(AttackPlan("fgsm"), [blocks(3)], [label])
    assert [each.attack for _, each in mixed_traffic.traffic(result, 3, 3)] == ["fgsm"] * 3
    assert mixed_traffic.traffic(result, 0, 0) == []
