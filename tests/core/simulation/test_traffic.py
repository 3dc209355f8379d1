"""What simulated traffic consists of, clean and attacked."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from core.attacks.lab import Lab
from core.datasets import Dataset
from core.errors import BadInput
from core.images import ImageFile
from core.jobs import in_silence
from core.labels import all_labels
from core.model.classifier import Classifier
from core.model.predictor import Predictor
from core.records.attacks import AttackedImage, AttackPlan
from core.records.captures import Provenance
from core.simulation import traffic
from core.simulation.traffic import AttackedShare, around, from_dataset
from tests.support.expect import raises
from tests.support.images import blocks


@pytest.fixture(scope="module")
def lab(predictor: Predictor) -> Lab:
    return Lab(predictor)


@pytest.fixture(scope="module")
def dataset(classifier: Classifier) -> Dataset:
    """Ten images, labelled as the classifier predicts them."""
    images = [blocks(seed) for seed in range(10)]
    labels = classifier.predict_logits(images).argmax(axis=1).astype(np.int64)
    return Dataset(images, labels, None, "ten")


def row_of(dataset: Dataset, pixels: np.ndarray) -> int:
    (row,) = [n for n, image in enumerate(dataset.images) if np.array_equal(image, pixels)]
    return row


# From a data set


def test_clean_requests_carry_their_label(dataset: Dataset) -> None:
    requests = from_dataset(dataset, 10, seed=3, progress=in_silence)
    rows = [row_of(dataset, request.image.pixels) for request in requests]
    assert sorted(rows) == list(range(10))
    assert rows != list(range(10))
    for row, request in zip(rows, requests, strict=True):
        assert request.clean is None
        assert request.provenance == Provenance("replay", int(dataset.labels[row]))
        assert request.image.media_type == "image/png"


def test_more_requests_than_images_repeat_them_evenly(dataset: Dataset) -> None:
    requests = from_dataset(dataset, 25, seed=0, progress=in_silence)
    times = Counter(row_of(dataset, request.image.pixels) for request in requests)
    assert sorted(times.values()) == [2] * 5 + [3] * 5


def test_the_order_depends_on_the_seed_alone(dataset: Dataset) -> None:
    def order(seed: int) -> list[str]:
        requests = from_dataset(dataset, 10, seed=seed, progress=in_silence)
        return [request.image.sha256 for request in requests]

    assert order(1) == order(1)
    assert order(1) != order(2)


def test_a_share_of_the_requests_is_attacked(
    dataset: Dataset, classifier: Classifier, lab: Lab
) -> None:
    attack = AttackedShare(0.4, AttackPlan("pgd", None, 8 / 255, 3), lab)
    reported: list[tuple[int, int, str]] = []
    requests = from_dataset(
        dataset, 9, attack=attack, seed=0, progress=lambda *report: reported.append(report)
    )
    attacked = [request for request in requests if request.provenance.attack]
    assert len(requests) == 9
    assert len(attacked) == 4  # 3.6 rounded
    assert reported[-1] == (4, 4, f"{Lab.info('pgd').title} examples made")
    for request in attacked:
        assert request.clean is not None
        label = int(dataset.labels[row_of(dataset, request.clean.pixels)])
        assert request.provenance == Provenance("replay", label, "pgd", None, request.clean.sha256)
        logits = classifier.predict_logits([request.image.pixels])
        assert int(logits.argmax()) != label
        change = request.image.pixels.astype(int) - request.clean.pixels
        assert 0 < np.abs(change).max() <= 8
    sent_clean = {each.image.sha256 for each in requests if not each.provenance.attack}
    assert len(sent_clean) == 5  # as long as there are enough, other images than those attacked
    assert sent_clean.isdisjoint(each.clean.sha256 for each in attacked if each.clean)


def test_only_as_many_are_attacked_as_are_wanted(
    dataset: Dataset, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "AT_ONCE", 4)
    monkeypatch.setattr(traffic, "FEWEST", 2)
    together = []

    def counting(plan: AttackPlan, images: Sequence[Any], labels: list[int]) -> list[AttackedImage]:
        together.append(len(images))
        return attacked(plan, images, labels)

    attacked = lab.attack
    monkeypatch.setattr(lab, "attack", counting)
    attack = AttackedShare(0.7, AttackPlan("fgsm", epsilon=8 / 255), lab)
    reported: list[tuple[int, int]] = []
    for count in (1, 4, 10):
        from_dataset(
            dataset,
            count,
            attack=attack,
            seed=0,
            progress=lambda done, total, text: reported.append((done, total)),
        )
    assert reported == [(1, 1), (3, 3), (4, 7), (7, 7)]
    assert together == [2, 3, 4, 3]


def test_images_that_rounding_saves_are_not_sent(dataset: Dataset, lab: Lab) -> None:
    # 0.9 levels fool the classifier of the tests, but no saved image.
    plan = AttackPlan("fgsm", epsilon=0.9 / 255)
    assert all(each.success_before_rounding for each in lab.attack(plan, dataset.images, None))
    with pytest.raises(BadInput, match=r"^FGSM fooled the model on none of 10 images"):
        from_dataset(dataset, 3, attack=AttackedShare(1.0, plan, lab), seed=0, progress=in_silence)


def test_images_of_the_target_class_are_not_attacked(dataset: Dataset, lab: Lab) -> None:
    target = int(dataset.labels[0])
    others = int((dataset.labels != target).sum())
    attack = AttackedShare(1.0, AttackPlan("fgsm", target, 1 / 1000), lab)
    with pytest.raises(BadInput, match=rf"^FGSM fooled the model on none of {others} images"):
        from_dataset(dataset, 3, attack=attack, seed=0, progress=in_silence)


def test_targeted_requests_are_predicted_as_the_target(
    dataset: Dataset, classifier: Classifier, lab: Lab
) -> None:
    attack = AttackedShare(1.0, AttackPlan("pgd", 14, 16 / 255, 20), lab)
    requests = from_dataset(dataset, 3, attack=attack, seed=0, progress=in_silence)
    assert {request.provenance.target for request in requests} == {14}
    logits = classifier.predict_logits([request.image.pixels for request in requests])
    assert logits.argmax(axis=1).tolist() == [14, 14, 14]


def test_a_small_data_set_is_gone_through_more_than_once(dataset: Dataset, lab: Lab) -> None:
    attack = AttackedShare(1.0, AttackPlan("fgsm", epsilon=8 / 255), lab)
    requests = from_dataset(dataset, 40, attack=attack, seed=0, progress=in_silence)
    sent = Counter(request.image.sha256 for request in requests)
    assert sorted(sent.values()) == [4] * 10


def test_an_attack_that_fools_nobody_is_refused(dataset: Dataset, lab: Lab) -> None:
    attack = AttackedShare(1.0, AttackPlan("fgsm", epsilon=1 / 1000), lab)
    with raises(
        BadInput,
        "FGSM fooled the model on none of 10 images; raise --epsilon or --steps, or choose "
        "another attack",
    ):
        from_dataset(dataset, 40, attack=attack, seed=0, progress=in_silence)


@pytest.mark.parametrize("share", [0, -0.5, 1.01])
def test_a_share_has_its_range(share: float, lab: Lab) -> None:
    with raises(BadInput, f"share must lie in (0, 1], got {share}"):
        AttackedShare(share, AttackPlan("pgd"), lab)


def test_there_must_be_something_to_send(dataset: Dataset) -> None:
    with raises(BadInput, "count must be at least 1, got 0"):
        from_dataset(dataset, 0, seed=0, progress=in_silence)


# Around one image


def test_attacked_and_clean_requests_are_mixed_the_same_way_each_time(lab: Lab) -> None:
    (result,) = lab.attack(AttackPlan("fgsm", epsilon=8 / 255), [blocks(3)], None)
    requests = around(result, 86, 16)
    clean = ImageFile.from_pixels(blocks(3)).sha256
    adversarial = [each for each in requests if each.provenance.attack is not None]
    assert len(requests) == 86
    assert len(adversarial) == 16
    for each in adversarial:
        assert np.array_equal(each.image.pixels, result.adversarial)
        assert each.provenance == Provenance("lab", result.label, "fgsm", None, clean)
    kept = [each.clean is not None for each in adversarial]
    assert kept == [True] + [False] * 15
    others = [each.provenance for each in requests if each.provenance.attack is None]
    assert {each.source for each in others} == {"lab"}
    assert len({each.label for each in others}) >= len(all_labels()) // 2
    kinds = [each.provenance.attack for each in requests]
    assert kinds != sorted(kinds, key=str)
    again = around(result, 86, 16)
    assert [each.image.sha256 for each in again] == [each.image.sha256 for each in requests]


def test_nothing_but_the_attacked_image(lab: Lab) -> None:
    (result,) = lab.attack(AttackPlan("fgsm"), [blocks(3)], None)
    assert [each.provenance.attack for each in around(result, 3, 3)] == ["fgsm"] * 3
    assert around(result, 0, 0) == []
