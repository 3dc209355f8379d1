"""How well flags find adversarial examples."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.attacks import FGSM, PGD
from core.datasets import Dataset
from core.errors import BadInput
from core.evaluation import adaptive_attack, intervals
from core.evaluation import suspicion as measuring
from core.evaluation.suspicion import measure
from core.model.classifier import to_images, to_tensor
from core.model.predictor import Predictor
from core.model.suspicion.features import FeatureExtractor, extract
from core.records.evaluation.suspicion import ALPHA, Detection, FamilyFigures
from tests.conftest import read_blocks
from tests.support.expect import raises

Images = list[NDArray[np.uint8]]
Scores = list[tuple[float, float, float]]
Signs = NDArray[np.int64]
RIGHT = np.arange(80) % 4 != 0
SHIPPED = measuring.FAMILIES
FAMILIES = (
    ("FGSM 8/255", FGSM(), 8 / 255),
    ("half-hearted PGD", PGD(steps=2, step_size=0.1 / 255), 1 / 255),
)


def scored(predictor: Predictor, images: Images) -> Scores:
    """Combined score, 1 minus the confidence, p-value of each image."""
    predictions = predictor.predict(images)
    extractor = FeatureExtractor(predictor.classifier, features=True)
    prepared = [predictor.prepare(image) for image in images]
    outputs = extract(extractor.names, extractor.compute, prepared, transformed=True)
    assert predictor.calibration is not None
    combined = predictor.calibration.judge(outputs).combined.tolist()
    rest = ((1 - each.confidence, each.suspicion.p_value) for each in predictions)
    return [(score, *others) for score, others in zip(combined, rest, strict=True)]


def figures(
    title: str, theirs: Scores, signs: Signs, clean: Scores, clean_signs: Signs, alpha: float
) -> FamilyFigures:
    """Means counted image by image and pair by pair, with intervals by sign."""

    def won(score: int) -> float:
        pairs = [(one[score], other[score]) for one in theirs for other in clean]
        return sum((one > other) + (one == other) / 2 for one, other in pairs) / len(pairs)

    # Of 60 clean scores, between the two where the share alpha is left above.
    assert len(clean) == 60
    ranked = sorted(score for score, _, _ in clean)
    place, beyond = divmod((1 - alpha) * 59, 1)
    below, above = ranked[int(place)], ranked[int(place) + 1]
    threshold = below + beyond * (above - below)
    columns = list(zip(*theirs, strict=True)), list(zip(*clean, strict=True))
    aurocs = [
        intervals.auroc(np.array(columns[1][k]), np.array(columns[0][k]), clean_signs, signs)
        for k in (0, 1)
    ]
    found = np.array([float(score > threshold) for score, _, _ in theirs])
    flagged = np.array([float(p_value <= alpha) for _, _, p_value in theirs])
    shares = [intervals.share(each, signs) for each in (found, flagged)]
    for estimate, mean in zip(
        (*aurocs, *shares), (won(0), won(1), found.mean(), flagged.mean()), strict=True
    ):
        assert estimate.mean == pytest.approx(mean)
    return FamilyFigures(title, len(theirs), *aurocs, *shares)


def same(one: FamilyFigures | None, other: FamilyFigures) -> None:
    """Equal but for the last digits of scores, which depend on the size of a batch."""
    assert one is not None
    assert (one.title, one.images) == (other.title, other.images)
    for name in ("auroc", "softmax_auroc", "found", "flagged"):
        estimates = getattr(one, name), getattr(other, name)
        left, right = ((each.mean, each.low, each.high) for each in estimates)
        assert left == pytest.approx(right)


@pytest.fixture(scope="module")
def data(predictor: Predictor) -> Dataset:
    """80 images, of which every fourth is misclassified; two frames of a sign each."""
    found = read_blocks(predictor.classifier, 80, 50_000)
    found.labels[~RIGHT] = (found.labels[~RIGHT] + 1) % 43
    return replace(found, tracks=np.arange(80) // 2)


@pytest.fixture(scope="module")
def clean(predictor: Predictor, data: Dataset) -> Scores:
    return scored(predictor, data.subset(np.flatnonzero(RIGHT)).images)


@pytest.fixture(scope="module")
def errors(predictor: Predictor, data: Dataset) -> Scores:
    return scored(predictor, data.subset(np.flatnonzero(~RIGHT)).images)


@pytest.fixture(scope="module")
def alpha(clean: Scores, errors: Scores) -> float:
    """A p-value of some clean image and of some error, at which found and flagged differ."""
    for level in sorted({p for _, _, p in clean} & {p for _, _, p in errors}):
        threshold = np.quantile([score for score, _, _ in clean], 1 - level)
        if sum(s > threshold for s, _, _ in errors) != sum(p <= level for _, _, p in errors):
            return level
    raise AssertionError("no such level")


@pytest.fixture(scope="module")
def drawn(data: Dataset) -> tuple[Tensor, Tensor]:
    """The 16 images that are attacked, and their classes."""
    chosen = data.sample(16, seed=3)
    return to_tensor(np.stack(chosen.images)), torch.from_numpy(chosen.labels)


@pytest.fixture(scope="module")
def drawn_signs(data: Dataset) -> Signs:
    chosen = data.sample(16, seed=3)
    known = {
        (int(k), int(t)): n for k, t, n in zip(data.labels, data.tracks, data.signs(), strict=True)
    }
    return np.array(
        [known[int(k), int(t)] for k, t in zip(chosen.labels, chosen.tracks, strict=True)]
    )


def every_second(*args: Any, **options: Any) -> Tensor:
    """The adaptive attack, which gives up on every second image."""
    moved = REAL(*args, **options)
    moved[1::2] = args[2][1::2]
    return moved


REAL = adaptive_attack.attack


@pytest.fixture(scope="module")
def measured(predictor: Predictor, data: Dataset, alpha: float) -> Iterator[Detection]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "ALPHA", alpha)
        patch.setattr(measuring, "FAMILIES", FAMILIES)
        patch.setattr(measuring, "ADAPTIVE_STEPS", 2)
        patch.setattr(adaptive_attack, "attack", every_second)
        assert predictor.calibration is not None
        yield measure(
            predictor.classifier,
            predictor.calibration,
            data,
            fold="all",
            count=16,
            seed=3,
            progress=lambda *_: None,
        )


def test_what_was_measured_is_recorded(
    predictor: Predictor, data: Dataset, clean: Scores, alpha: float, measured: Detection
) -> None:
    assert measured.weights_sha256 == predictor.classifier.manifest.sha256
    assert (measured.data, measured.fold, measured.seed) == ("blocks", "all", 3)
    assert measured.clean == 60
    pairs = zip(data.labels[RIGHT].tolist(), data.tracks[RIGHT].tolist(), strict=True)
    assert measured.tracks == len(set(pairs))
    flagged = np.array([float(p <= alpha) for _, _, p in clean])
    share = intervals.share(flagged, data.signs()[RIGHT])
    assert measured.false_positive_rate.mean == pytest.approx(flagged.mean())
    assert measured.false_positive_rate.low == pytest.approx(share.low)
    assert measured.false_positive_rate.high == pytest.approx(share.high)


def test_a_family_is_the_attacked_images_that_are_misclassified(
    predictor: Predictor,
    drawn: tuple[Tensor, Tensor],
    drawn_signs: Signs,
    data: Dataset,
    clean: Scores,
    alpha: float,
    measured: Detection,
) -> None:
    pixels, labels = drawn
    before = predictor.classifier.predict_logits(list(to_images(pixels))).argmax(axis=1)
    for family, (title, attack, epsilon) in zip(measured.families, FAMILIES, strict=True):
        found = attack(predictor.classifier, pixels, labels, epsilon=epsilon).adversarial
        after = predictor.classifier.predict_logits(list(found)).argmax(axis=1)
        fooled = (before == labels.numpy()) & (after != labels.numpy())
        theirs = scored(predictor, list(found[fooled]))
        expected = figures(title, theirs, drawn_signs[fooled], clean, data.signs()[RIGHT], alpha)
        same(family, expected)
    strong, weak = measured.families
    assert weak.images < strong.images < 16


def test_errors_are_the_images_misclassified_without_an_attack(
    data: Dataset, clean: Scores, errors: Scores, alpha: float, measured: Detection
) -> None:
    signs = data.signs()
    title = "misclassified without an attack"
    assert measured.errors is not None
    assert measured.errors.found.mean != measured.errors.flagged.mean
    same(measured.errors, figures(title, errors, signs[~RIGHT], clean, signs[RIGHT], alpha))


def test_the_adaptive_attack_is_tried_on_a_quarter_of_the_images(
    predictor: Predictor,
    drawn: tuple[Tensor, Tensor],
    drawn_signs: Signs,
    data: Dataset,
    clean: Scores,
    alpha: float,
    measured: Detection,
) -> None:
    pixels, labels = drawn
    read = predictor.classifier.predict_logits(list(to_images(pixels))).argmax(axis=1)
    rows = np.flatnonzero(read == labels.numpy())[:4]
    moved = every_second(
        predictor.classifier,
        predictor.calibration,
        pixels[rows],
        labels[rows],
        epsilon=8 / 255,
        steps=2,
        progress=lambda *_: None,
    )
    wrong = scored(predictor, list(to_images(moved)[::2]))
    assert measured.tried == 4
    expected = figures(
        "adaptive PGD 8/255", wrong, drawn_signs[rows][::2], clean, data.signs()[RIGHT], alpha
    )
    same(measured.adaptive, expected)


def test_the_budgets_are_those_of_the_titles() -> None:
    assert ALPHA == 0.01
    for title, attack, epsilon in SHIPPED:
        assert type(attack) is not PGD or not attack.stop_when_solved  # at full strength
        *name, last = title.split(" ")
        if epsilon is None:
            assert title == attack.info.title
        else:
            assert (" ".join(name), last) == (attack.info.title, f"{255 * epsilon:.0f}/255")


def test_without_correct_predictions_nothing_is_measured(predictor: Predictor) -> None:
    dataset = read_blocks(predictor.classifier, 3)
    dataset.labels[:] = (dataset.labels + 1) % 43
    assert predictor.calibration is not None
    with raises(BadInput, "blocks: no image is classified correctly, so none can be attacked"):
        measure(
            predictor.classifier,
            predictor.calibration,
            dataset,
            fold="all",
            count=2,
            seed=0,
            progress=lambda *_: None,
        )
