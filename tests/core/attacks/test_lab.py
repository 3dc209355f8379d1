"""Attacks for callers without torch: plans, progress, images of any size."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.attacks import ATTACKS, PGD
from core.attacks.lab import Lab, attack_images, build_attack, settings_of
from core.errors import BadInput, Cancelled
from core.images import LONGEST_SIDE, enlarge
from core.model.classifier import Classifier, to_tensor
from core.model.predictor import Predictor
from core.records.attacks import AttackPlan
from tests.support.expect import raises
from tests.support.images import blocks, gradient, noise

EPSILON = 8 / 255


@pytest.fixture(scope="module")
def lab(predictor: Predictor) -> Lab:
    """Attacks the classifier of the tests."""
    return Lab(predictor)


def labels_of(predictor: Predictor, images: list[np.ndarray]) -> list[int]:
    return [each.class_id for each in predictor.predict(images)]


# Attacks by name


def test_the_lab_tells_of_every_attack() -> None:
    assert Lab.attacks() == {name: attack.info for name, attack in ATTACKS.items()}
    assert Lab.info("pgd") is ATTACKS["pgd"].info
    with raises(BadInput, f"unknown attack 'magic'; there are {', '.join(ATTACKS)}"):
        Lab.info("magic")


def test_settings_are_read_off_the_attack() -> None:
    assert Lab.settings("pgd") == settings_of("pgd")
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


# Attacking


def test_images_of_all_sizes_are_attacked_and_keep_their_order(
    lab: Lab, predictor: Predictor
) -> None:
    images = [blocks(1), noise(20, 30), blocks(2), noise(30, 20), noise(20, 30, seed=1)]
    shown = [enlarge(image, 32, LONGEST_SIDE) for image in images]
    labels = labels_of(predictor, shown)
    results = lab.attack(AttackPlan("pgd", epsilon=EPSILON, steps=4), images, labels)
    assert [one.label for one in results] == labels
    for one, image in zip(results, shown, strict=True):
        assert np.array_equal(one.clean, image)
        assert one.adversarial.shape == image.shape
        change = one.adversarial.astype(int) - image
        assert np.abs(change).max() <= 8
        assert one.linf == pytest.approx(np.abs(change).max() / 255)
        assert one.l2 == pytest.approx(np.linalg.norm(change / 255))
        assert one.psnr == pytest.approx(-10 * np.log10(np.mean((change / 255) ** 2)))
        assert one.eligible
        after = labels_of(predictor, [one.adversarial])[0]
        assert one.success == (after != one.label)
        assert (one.before.class_id, one.after.class_id) == (one.label, after)
        assert one.path is None
    assert all(one.success for one in results)


def test_a_plan_is_followed_in_every_point(
    lab: Lab, predictor: Predictor, classifier: Classifier
) -> None:
    images = [blocks(1), blocks(2), noise(40, 36)]
    labels = labels_of(predictor, images)
    plan = AttackPlan("pgd", epsilon=2 / 255, steps=3, seed=5, persistent=True)
    own = PGD(steps=3, seed=5, stop_when_solved=False)
    for image, label, one in zip(images, labels, lab.attack(plan, images, labels), strict=True):
        (expected,) = own(
            classifier, to_tensor(image[None]), torch.tensor([label]), epsilon=2 / 255
        ).adversarial
        assert np.abs(one.adversarial.astype(int) - expected).max() <= 1
        assert np.mean(one.adversarial != expected) < 0.02  # another seed changes every third value
        assert (one.steps, one.plan, one.label) == (3, plan, label)
    hasty = replace(plan, persistent=False)
    assert max(one.steps for one in lab.attack(hasty, images, labels)) < 3


def test_success_before_rounding_is_not_success_after_it(lab: Lab) -> None:
    # 0.9 levels fool the classifier of the tests, and no image can hold them.
    (one,) = lab.attack(AttackPlan("fgsm", epsilon=0.9 / 255), [blocks(1)], None)
    assert (one.eligible, one.success_before_rounding, one.success) == (True, True, False)
    assert one.path is not None and len(one.path) == 2
    for two in lab.attack(AttackPlan("fgsm"), [blocks(1), blocks(2)], None):
        assert two.path is None


def test_images_of_the_target_class_among_others_do_not_count(lab: Lab) -> None:
    own, other = lab.attack(AttackPlan("fgsm", 14), [blocks(1), blocks(2)], [14, 14 - 1])
    assert not own.eligible and np.array_equal(own.adversarial, blocks(1))
    assert other.label == 13


def test_an_image_alone_is_attacked_as_among_others(lab: Lab, predictor: Predictor) -> None:
    images = [blocks(1), blocks(2), noise(20, 30)]
    labels = labels_of(predictor, images)
    plan = AttackPlan("pgd", epsilon=EPSILON, steps=3, seed=5)
    together = lab.attack(plan, images, labels)
    alone = lab.attack(plan, images[1:2], labels[1:2])
    assert np.abs(alone[0].adversarial.astype(int) - together[1].adversarial).max() <= 1


def test_one_image_keeps_its_path_and_its_predictions(lab: Lab, predictor: Predictor) -> None:
    (result,) = lab.attack(AttackPlan("pgd", epsilon=EPSILON, steps=5), [blocks(1)], None)
    clean, adversarial = predictor.predict([blocks(1), result.adversarial])
    assert result.label == result.before.class_id == clean.class_id
    assert result.after.class_id == adversarial.class_id
    assert result.path is not None
    assert result.path[0, 0] == 0
    changed = np.any(result.adversarial != blocks(1), axis=2)
    assert result.changed == changed.mean()


def test_a_target_is_reached(lab: Lab, predictor: Predictor) -> None:
    images = [blocks(seed) for seed in range(4)]
    plan = AttackPlan("pgd", 14, 16 / 255, steps=20)
    results = lab.attack(plan, images, labels_of(predictor, images))
    for one in results:
        assert one.eligible == (one.label != 14)
        assert one.success == (one.eligible and labels_of(predictor, [one.adversarial]) == [14])
    assert sum(one.success for one in results) >= 3


def test_a_misclassified_image_does_not_count_and_is_left_alone(
    lab: Lab, predictor: Predictor
) -> None:
    wrong = (labels_of(predictor, [blocks(1)])[0] + 1) % 43
    (one,) = lab.attack(AttackPlan("fgsm"), [blocks(1)], [wrong])
    assert not one.eligible
    assert not one.success
    assert np.array_equal(one.adversarial, blocks(1))
    assert (one.linf, one.l2, one.psnr) == (0.0, 0.0, float("inf"))


def test_small_images_are_enlarged_to_what_the_classifier_sees(
    lab: Lab, predictor: Predictor
) -> None:
    images = [noise(20, 30), noise(16, 16), noise(32, 40), noise(1, 100)]
    results = lab.attack(AttackPlan("fgsm"), images, labels_of(predictor, images))
    sizes = [one.clean.shape[:2] for one in results]
    assert sizes == [(32, 48), (32, 32), (32, 40), (5, 512)]
    assert [one.adversarial.shape for one in results] == [one.clean.shape for one in results]


def test_large_images_are_reduced_first(lab: Lab) -> None:
    (one,) = lab.attack(AttackPlan("fgsm"), [gradient(600, 1200)], None)
    assert one.clean.shape == one.adversarial.shape == (LONGEST_SIDE // 2, LONGEST_SIDE, 3)


def test_without_a_budget_the_attack_takes_its_own(lab: Lab) -> None:
    (own,) = lab.attack(AttackPlan("fgsm"), [blocks(1)], None)
    (given,) = lab.attack(AttackPlan("fgsm", epsilon=EPSILON), [blocks(1)], None)
    assert np.array_equal(own.adversarial, given.adversarial)


def test_progress_runs_over_all_sizes_and_never_back(lab: Lab, predictor: Predictor) -> None:
    images = [blocks(1), noise(40, 60), noise(60, 40)]
    reported: list[tuple[int, int, str]] = []
    lab.attack(
        AttackPlan("pgd", epsilon=EPSILON, steps=2),
        images,
        labels_of(predictor, images),
        lambda *report: reported.append(report),
    )
    done = [each[0] for each in reported]
    assert done == sorted(done)
    assert {each[1] for each in reported} == {6}
    assert done[-1] == 6


def test_plans_are_compared_in_order_with_one_progress(lab: Lab, predictor: Predictor) -> None:
    reports: list[tuple[int, int]] = []
    plans = [AttackPlan("fgsm", epsilon=EPSILON), AttackPlan("pgd", epsilon=2 / 255, steps=3)]
    results = lab.compare(
        plans,
        blocks(2),
        labels_of(predictor, [blocks(2)])[0],
        lambda done, total, text: reports.append((done, total)),
    )
    assert [result.plan for result in results] == plans
    shares = [done / total for done, total in reports]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_cancel_goes_through_to_the_attack(lab: Lab, predictor: Predictor) -> None:
    plan = AttackPlan("pgd", epsilon=EPSILON, steps=4)
    with raises(Cancelled, "PGD was cancelled after 0 of 4 steps; no image was kept"):
        lab.attack(plan, [blocks(1)], None, cancelled=lambda: True)
    (label,) = labels_of(predictor, [blocks(1)])
    with raises(Cancelled, "PGD was cancelled after 0 of 4 steps; no image was kept"):
        lab.compare([plan], blocks(1), label, cancelled=lambda: True)


def test_bad_settings_are_the_attacks_to_refuse(lab: Lab) -> None:
    with raises(BadInput, "target must lie in 0..42, the model's classes, got 43..43"):
        lab.attack(AttackPlan("fgsm", 43), [blocks(1)], None)
    with pytest.raises(BadInput, match=r"^FGSM needs an epsilon in \(0, 1\], .* got 0$"):
        lab.attack(AttackPlan("fgsm", epsilon=0), [blocks(1)], None)


def test_images_of_the_target_class_alone_are_refused(lab: Lab) -> None:
    with raises(
        BadInput,
        "target must differ from the true class, got 14 for 2 images of that class; choose "
        "another target or other images",
    ):
        lab.attack(AttackPlan("fgsm", 14), [blocks(1), blocks(2)], [14, 14])


def test_nothing_to_attack_gives_nothing(lab: Lab, classifier: Classifier) -> None:
    assert lab.attack(AttackPlan("fgsm"), [], []) == []
    nothing = attack_images(classifier, build_attack("fgsm"), [], [], epsilon=None, target=None)
    assert list(nothing) == []


def test_images_of_one_size_are_attacked_together(classifier: Classifier) -> None:
    images = [blocks(1), noise(40, 60), blocks(2)]
    labels = classifier.predict_logits(images).argmax(axis=1).tolist()
    attack = build_attack("fgsm")
    groups = attack_images(classifier, attack, images, labels, epsilon=None, target=None)
    first, second = groups
    assert (first[0], second[0]) == ([0, 2], [1])
    assert (first[1].shape, second[1].shape) == ((2, 32, 32, 3), (1, 40, 60, 3))
    assert first[2].adversarial.shape == first[1].shape


def test_the_model_is_left_as_it_was(lab: Lab, classifier: Classifier) -> None:
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    lab.attack(AttackPlan("pgd", steps=2), [blocks(1)], None)
    assert all(torch.equal(value, before[name]) for name, value in classifier.state_dict().items())
    assert all(parameter.grad is None for parameter in classifier.parameters())
    assert not classifier.training
