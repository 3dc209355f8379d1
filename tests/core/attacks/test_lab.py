"""Attacks and explanations for callers without torch."""

import numpy as np
import pytest
import torch

from core.attacks import ATTACKS
from core.attacks.lab import build_attack, craft, settings_of
from core.errors import BadInput
from core.explain.fullgrad import explain
from core.explain.run import explain_images
from core.images import LONGEST_SIDE, enlarge
from core.model.classifier import Classifier, to_tensor
from tests.support.expect import raises
from tests.support.images import blocks, gradient, noise

EPSILON = 8 / 255


def labels_of(classifier: Classifier, images: list[np.ndarray]) -> list[int]:
    return [int(k) for k in classifier.predict_logits(images).argmax(axis=1)]


# Attacks by name


def test_settings_are_read_off_the_attack() -> None:
    assert settings_of("fgsm") == {}
    assert settings_of("pgd").keys() >= {"steps", "seed"}
    assert settings_of("deepfool").keys() >= {"steps"}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_built_with_its_defaults(name: str) -> None:
    attack = build_attack(name, seed=3)
    assert type(attack) is ATTACKS[name]
    for setting, default in settings_of(name).items():
        expected = 3 if setting == "seed" else default
        assert getattr(attack, setting, expected) == expected


def test_steps_are_passed_on() -> None:
    assert build_attack("pgd", steps=3).rounds == build_attack("pgd", steps=6).rounds / 2


def test_what_cannot_be_built_is_named() -> None:
    with raises(BadInput, "fgsm takes a single step; leave the number of steps out, got 3"):
        build_attack("fgsm", steps=3)
    with raises(BadInput, f"unknown attack 'magic'; there are {', '.join(ATTACKS)}"):
        build_attack("magic")
    with raises(BadInput, "steps must be at least 1, got 0"):
        build_attack("pgd", steps=0)


# Crafting


def test_images_of_all_sizes_are_attacked_and_keep_their_order(classifier: Classifier) -> None:
    images = [blocks(1), noise(20, 30), blocks(2), noise(30, 20), noise(20, 30, seed=1)]
    shown = [enlarge(image, 32, LONGEST_SIDE) for image in images]
    labels = labels_of(classifier, shown)
    crafted = craft(
        classifier, build_attack("pgd", steps=4), images, labels, epsilon=EPSILON, target=None
    )
    assert [one.label for one in crafted] == labels
    for one, image in zip(crafted, shown, strict=True):
        assert np.array_equal(one.clean, image)
        assert one.adversarial.shape == image.shape
        change = one.adversarial.astype(int) - image
        assert np.abs(change).max() <= 8
        assert one.linf == pytest.approx(np.abs(change).max() / 255)
        assert one.l2 == pytest.approx(np.linalg.norm(change / 255))
        assert one.psnr == pytest.approx(-10 * np.log10(np.mean((change / 255) ** 2)))
        assert one.eligible
        after = labels_of(classifier, [one.adversarial])[0]
        assert one.success == (after != one.label)
    assert all(one.success for one in crafted)


def test_a_image_alone_is_attacked_as_among_others(classifier: Classifier) -> None:
    images = [blocks(1), blocks(2), noise(20, 30)]
    labels = labels_of(classifier, images)
    attack = build_attack("pgd", steps=3, seed=5)
    together = craft(classifier, attack, images, labels, epsilon=EPSILON, target=None)
    alone = craft(classifier, attack, images[1:2], labels[1:2], epsilon=EPSILON, target=None)
    assert np.abs(alone[0].adversarial.astype(int) - together[1].adversarial).max() <= 1


def test_a_target_is_reached(classifier: Classifier) -> None:
    images = [blocks(seed) for seed in range(4)]
    crafted = craft(
        classifier,
        build_attack("pgd", steps=20),
        images,
        labels_of(classifier, images),
        epsilon=16 / 255,
        target=14,
    )
    for one in crafted:
        assert one.eligible == (one.label != 14)
        assert one.success == (one.eligible and labels_of(classifier, [one.adversarial]) == [14])
    assert sum(one.success for one in crafted) >= 3


def test_a_misread_image_does_not_count_and_is_left_alone(classifier: Classifier) -> None:
    wrong = (labels_of(classifier, [blocks(1)])[0] + 1) % 43
    (one,) = craft(
        classifier, build_attack("fgsm"), [blocks(1)], [wrong], epsilon=EPSILON, target=None
    )
    assert not one.eligible
    assert not one.success
    assert np.array_equal(one.adversarial, blocks(1))
    assert (one.linf, one.l2, one.psnr) == (0.0, 0.0, float("inf"))


def test_small_images_are_enlarged_to_what_the_classifier_sees(classifier: Classifier) -> None:
    images = [noise(20, 30), noise(16, 16), noise(32, 40), noise(1, 100)]
    crafted = craft(
        classifier,
        build_attack("fgsm"),
        images,
        labels_of(classifier, images),
        epsilon=EPSILON,
        target=None,
    )
    sizes = [one.clean.shape[:2] for one in crafted]
    assert sizes == [(32, 48), (32, 32), (32, 40), (5, 512)]
    assert [one.adversarial.shape for one in crafted] == [one.clean.shape for one in crafted]


def test_large_images_are_reduced_first(classifier: Classifier) -> None:
    image = gradient(600, 1200)
    label = labels_of(classifier, [image])[0]
    (one,) = craft(classifier, build_attack("fgsm"), [image], [label], epsilon=EPSILON, target=None)
    assert one.clean.shape == one.adversarial.shape == (LONGEST_SIDE // 2, LONGEST_SIDE, 3)


def test_progress_runs_over_all_sizes_and_never_back(classifier: Classifier) -> None:
    images = [blocks(1), noise(40, 60), noise(60, 40)]
    reported: list[tuple[int, int, str]] = []
    craft(
        classifier,
        build_attack("pgd", steps=2),
        images,
        labels_of(classifier, images),
        epsilon=EPSILON,
        target=None,
        progress=lambda *report: reported.append(report),
    )
    done = [each[0] for each in reported]
    assert done == sorted(done)
    assert {each[1] for each in reported} == {6}
    assert done[-1] == 6


def test_bad_settings_are_the_attacks_to_refuse(classifier: Classifier) -> None:
    labels = labels_of(classifier, [blocks(1)])
    with raises(
        BadInput,
        "target must lie in 0..42, the model's classes, got 43..43",
    ):
        craft(classifier, build_attack("fgsm"), [blocks(1)], labels, epsilon=EPSILON, target=43)


def test_nothing_to_attack_gives_nothing(classifier: Classifier) -> None:
    assert craft(classifier, build_attack("fgsm"), [], [], epsilon=EPSILON, target=None) == []


# Explaining


def test_every_image_is_explained_for_its_class(classifier: Classifier) -> None:
    images = [blocks(1), noise(20, 30)]
    own, other = explain_images(classifier, images, [None, 14])
    assert own.class_id == own.predicted_id == labels_of(classifier, [blocks(1)])[0]
    assert (other.class_id, other.map.shape) == (14, (20, 30))
    (direct,) = explain(classifier, to_tensor(blocks(1)[None]))
    assert own.logit == pytest.approx(direct.logit)
    assert np.allclose(own.map, direct.map)


def test_large_images_are_reduced_before_they_are_explained(classifier: Classifier) -> None:
    (explained,) = explain_images(classifier, [gradient(600, 1200)], [None])
    assert explained.map.shape == (LONGEST_SIDE // 2, LONGEST_SIDE)


def test_the_model_is_left_as_it_was(classifier: Classifier) -> None:
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    labels = labels_of(classifier, [blocks(1)])
    craft(
        classifier, build_attack("pgd", steps=2), [blocks(1)], labels, epsilon=EPSILON, target=None
    )
    explain_images(classifier, [blocks(1)], [None])
    assert all(torch.equal(value, before[name]) for name, value in classifier.state_dict().items())
    assert all(parameter.grad is None for parameter in classifier.parameters())
    assert not classifier.training
