"""The robustness report: what it counts, and that it ends with nothing when it is cancelled."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from core.attacks import PGD, get_attack
from core.datasets import Dataset
from core.errors import Cancelled
from core.evaluation import robustness
from core.evaluation.robustness import CURVES, PARTS, TARGET, measure
from core.labels import class_name
from core.model.classifier import Classifier, to_tensor
from core.model.corruptions import CORRUPTIONS, corrupt
from core.records.evaluation.robustness import BUDGETS, Robustness
from core.records.window import now
from tests.support.attacked import linear, read, small_resnet
from tests.support.expect import raises

CLASSES = 6
FEW_STEPS = {"pgd": {"steps": 4}, "autoattack": {"steps": 3, "candidates": 1, "queries": 3}}


def small_set(classifier: Classifier, count: int = 14, wrong: int = 2) -> Dataset:
    """Noise that the classifier reads right, but for the last `wrong` images."""
    images = np.random.default_rng(4).integers(0, 256, (count, 12, 12, 3), dtype=np.uint8)
    labels = read(classifier, to_tensor(images)).numpy()
    labels[len(labels) - wrong :] = (labels[len(labels) - wrong :] + 1) % CLASSES
    return Dataset(list(images), labels, None, "noise")


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    small = small_resnet(2)
    small.manifest = replace(small.manifest, sha256="a" * 64)
    return small


@pytest.fixture(scope="module")
def dataset(classifier: Classifier) -> Dataset:
    return small_set(classifier)


@pytest.fixture(scope="module", autouse=True)
def a_small_report() -> Iterator[None]:
    """The small network has six classes and no Stop sign; few steps will do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(robustness, "TARGET", 1)
        patch.setattr(robustness, "CURVES", FEW_STEPS)
        yield


@pytest.fixture(scope="module")
def report(classifier: Classifier, dataset: Dataset) -> Robustness:
    return measure(classifier, dataset, fold="all", seed=3)


def test_it_says_what_it_was_measured_on(report: Robustness) -> None:
    assert report.measures("a" * 64) and not report.measures("b" * 64)
    assert (report.data, report.fold, report.images, report.seed) == ("noise", "all", 14, 3)
    assert {curve.attack: curve.settings for curve in report.curves} == FEW_STEPS
    assert report.targeted.settings == {"steps": 50}
    assert report.measured_on == now().date().isoformat()


def test_the_curves_begin_at_the_accuracy_and_never_rise(report: Robustness) -> None:
    assert [curve.attack for curve in report.curves] == ["pgd", "autoattack"]
    for curve in report.curves:
        assert len(curve.accuracy) == len(BUDGETS)
        assert curve.accuracy[0] == pytest.approx(12 / 14)
        assert list(curve.accuracy) == sorted(curve.accuracy, reverse=True)
        assert curve.accuracy[-1] < curve.accuracy[0]


def test_the_first_budget_is_what_the_attack_says_itself(
    report: Robustness, classifier: Classifier, dataset: Dataset
) -> None:
    pixels, labels = to_tensor(np.stack(dataset.images)), torch.from_numpy(dataset.labels)
    result = PGD(steps=4, seed=3)(classifier, pixels, labels, epsilon=1 / 255)
    assert report.curves[0].accuracy[1] == pytest.approx((12 - result.success.sum()) / 14)


HALFWAY = {"steps": 2, "step_size": 0.5 / 255}  # ends between two levels of 8 bit


@pytest.fixture
def between_levels(monkeypatch: pytest.MonkeyPatch) -> tuple[Classifier, Dataset]:
    """Greys of one pixel: class 2 is darker than 117.7, class 1 brighter than 128.4; the last
    three labels are wrong. Rounding decides, and a larger budget starts elsewhere.
    """
    monkeypatch.setattr(robustness, "CURVES", {"pgd": HALFWAY})
    monkeypatch.setattr(robustness, "TARGETED", {"steps": 1, "step_size": 0.4 / 255})
    slope = torch.full((3,), 255.0)
    weights = torch.stack([torch.zeros(3), slope, -slope])
    classifier = linear(weights, 3 * torch.tensor([0.0, -128.4, 117.7]), side=1)
    images = np.arange(115, 132, dtype=np.uint8).repeat(2)[:, None, None, None].repeat(3, axis=3)
    images[..., 2] += (np.arange(34, dtype=np.uint8) % 3)[:, None, None]
    labels = read(classifier, to_tensor(images)).numpy()
    labels[-3:] = 0
    return classifier, Dataset(list(images), labels, None, "greys")


def test_an_image_counts_as_saved_and_stays_misclassified_within_larger_budgets(
    between_levels: tuple[Classifier, Dataset],
) -> None:
    classifier, dataset = between_levels
    pixels, labels = to_tensor(np.stack(dataset.images)), torch.from_numpy(dataset.labels)
    alone = [
        PGD(**HALFWAY, seed=3)(classifier, pixels, labels, epsilon=levels / 255)
        for levels in BUDGETS[1:]
    ]
    saved = [each.success for each in alone]
    assert any((each.success != each.success_before_rounding).any() for each in alone)
    assert any((less & ~more).any() for less, more in pairwise(saved))
    right = np.arange(34) < 31
    held = [right & ~np.any(saved[:n], axis=0) for n in range(len(BUDGETS))]
    report = measure(classifier, dataset, fold="all", seed=3)
    (curve,) = report.curves
    assert curve.accuracy == pytest.approx([each.sum() / 34 for each in held])
    for each in report.per_class:
        own = dataset.labels == each.class_id
        counts = [n.sum() for n in (own, own & right, own & held[4])]
        assert [each.images, each.clean, each.attacked] == counts


def test_the_targeted_attack_is_counted_before_and_after_rounding(
    between_levels: tuple[Classifier, Dataset],
) -> None:
    classifier, dataset = between_levels
    aimed = measure(classifier, dataset, fold="all", seed=3).targeted
    # Of 31 images classified correctly four are of the target class. The nearest levels below
    # 128.4 come within reach; another class is nearer to the rest.
    assert (aimed.eligible, aimed.successes_before_rounding, aimed.successes) == (27, 4, 3)


def test_towards_the_target_only_other_classes_count(
    report: Robustness, classifier: Classifier, dataset: Dataset
) -> None:
    aimed = report.targeted
    right = read(classifier, to_tensor(np.stack(dataset.images))).numpy() == dataset.labels
    assert aimed.eligible == (right & (dataset.labels != 1)).sum()
    assert 0 < aimed.successes <= aimed.eligible
    assert (aimed.attack, aimed.target, aimed.levels) == ("pgd", 1, 8)


def test_a_set_of_the_target_class_alone_has_nothing_to_aim_with(
    classifier: Classifier,
) -> None:
    labelled = small_set(classifier, wrong=0)
    own = labelled.subset(np.flatnonzero(labelled.labels == 1))
    assert len(own)
    aimed = measure(classifier, own, fold="all").targeted
    assert (aimed.eligible, aimed.successes, aimed.successes_before_rounding) == (0, 0, 0)


def test_corruptions_are_read_through_the_public_path(
    report: Robustness,
    classifier: Classifier,
    dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert [each.kind for each in report.corruptions] == list(CORRUPTIONS)
    images = [corrupt(each, "fog", severity=5, seed=3) for each in dataset.images]
    right = classifier.predict_logits(images).argmax(axis=1) == dataset.labels
    (fog,) = (each for each in report.corruptions if each.kind == "fog")
    assert fog.accuracy[4] == pytest.approx(right.mean())
    monkeypatch.setattr(robustness, "CURVES", {"pgd": {"steps": 1}})
    other = measure(classifier, dataset, fold="all", seed=4)
    assert any(
        one.accuracy != two.accuracy
        for one, two in zip(report.corruptions, other.corruptions, strict=True)
    )


def test_the_worst_corruption_is_the_one_of_the_lowest_accuracy(report: Robustness) -> None:
    kind, severity = report.worst_corruption
    (curve,) = (each for each in report.corruptions if each.kind == kind)
    lowest = min(share for each in report.corruptions for share in each.accuracy)
    assert curve.accuracy[severity - 1] == lowest
    assert report.worst == f"{CORRUPTIONS[kind].title} at severity {severity}"


def test_the_classes_add_up_to_the_curves(report: Robustness, dataset: Dataset) -> None:
    classes = report.per_class
    assert [each.class_id for each in classes] == sorted(set(dataset.labels.tolist()))
    assert sum(each.images for each in classes) == 14
    assert sum(each.clean for each in classes) == 12
    attacked = report.curves[0].accuracy[BUDGETS.index(8)]
    assert sum(each.attacked for each in classes) == pytest.approx(14 * attacked)
    lowest = min(share for each in report.corruptions for share in each.accuracy)
    assert sum(each.corrupted for each in classes) == pytest.approx(14 * lowest)


def test_the_same_seed_gives_the_same_report(
    report: Robustness, classifier: Classifier, dataset: Dataset
) -> None:
    again = measure(classifier, dataset, fold="all", seed=3)
    assert replace(again, measured_on="") == replace(report, measured_on="")


def test_progress_rises_to_its_total(classifier: Classifier, dataset: Dataset) -> None:
    calls: list[tuple[int, int, str]] = []
    measure(classifier, dataset, fold="all", progress=lambda *report: calls.append(report))
    done, totals = [each[0] for each in calls], {each[1] for each in calls}
    assert done == sorted(done)
    assert totals == {done[-1]} == {PARTS * 1000}
    assert calls[-1][2] == "JPEG"
    assert {each[2].partition(",")[0] for each in calls} >= {
        "PGD at 1/255",
        "AutoAttack-lite at 16/255",
        "Fog at severity 5",
    }


@pytest.mark.parametrize("after", [0, 1, 30])
def test_it_can_be_cancelled_at_any_time(
    after: int, classifier: Classifier, dataset: Dataset
) -> None:
    asked = iter([False] * after + [True])
    with raises(Cancelled, "the robustness report was cancelled; nothing of it was kept"):
        measure(classifier, dataset, fold="all", cancelled=lambda: next(asked))


def test_the_attacks_of_a_real_report_exist() -> None:
    for name, settings in CURVES.items():
        assert get_attack(name)(**settings).info.norm == "linf"
    assert class_name(TARGET) == "14 Stop"
