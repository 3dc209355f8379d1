"""Measures suspicion on clean images, attacks, natural errors and an adaptive attack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.attacks import CW, FGSM, MIFGSM, PGD, Attack, DeepFool
from core.datasets import Dataset
from core.errors import BadInput
from core.evaluation import adaptive_attack, intervals
from core.images import enlarge
from core.jobs import Progress
from core.model.classifier import Classifier, to_images, to_tensor
from core.model.suspicion.calibration import Calibration, Values
from core.model.suspicion.features import FeatureExtractor, extract
from core.records.evaluation.suspicion import ALPHA, Detection, FamilyFigures
from core.records.window import now

CLEAN = 1_000  # images, of which several show one sign
ADAPTED = 0.25  # share of the attacked images that the adaptive attack is run on
EPSILON, SMALL = 8 / 255, 2 / 255
FAMILIES: tuple[tuple[str, Attack, float | None], ...] = (
    ("PGD 8/255", PGD(steps=20, stop_when_solved=False), EPSILON),
    ("PGD 2/255", PGD(steps=20, stop_when_solved=False), SMALL),
    ("C&W-L2", CW(), None),
    ("DeepFool", DeepFool(), None),
    ("MI-FGSM 8/255", MIFGSM(), EPSILON),
    ("FGSM 8/255", FGSM(), EPSILON),
)
ADAPTIVE_STEPS = 40
AT_ONCE = 256

Images = Sequence[NDArray[np.uint8]]
Signs = NDArray[np.int64]


def measure(
    classifier: Classifier,
    calibration: Calibration,
    dataset: Dataset,
    *,
    fold: str,
    count: int,
    seed: int,
    progress: Progress,
) -> Detection:
    """Measure how well suspicion finds misclassified images.

    No attack took part in fitting the calibration.

    Parameters
    ----------
    dataset
        Images that neither the weights nor the calibration were fitted to.
    fold
        Only recorded.
    count
        How many images are attacked.
    seed
        Of the images drawn.

    Raises
    ------
    BadInput
        No image is classified correctly.
    """
    return _Measured(classifier, calibration, dataset, seed, progress).detection(fold, count)


class _Measured:
    """One measurement; its clean images are scored once."""

    def __init__(
        self,
        classifier: Classifier,
        calibration: Calibration,
        dataset: Dataset,
        seed: int,
        progress: Progress,
    ) -> None:
        self.classifier, self.calibration, self.dataset = classifier, calibration, dataset
        self.seed, self.progress = seed, progress
        self.extractor = FeatureExtractor(classifier, features=True)
        self.right = self._predicted() == dataset.labels
        if not self.right.any():
            raise BadInput(
                f"{dataset.name}: no image is classified correctly, so none can be attacked"
            )
        self.signs = np.arange(len(dataset)) if dataset.tracks is None else dataset.signs()
        right = np.flatnonzero(self.right)
        clean = right[np.random.default_rng(seed).permutation(len(right))[:CLEAN]]
        self.clean = self.signs[clean]
        self.combined, self.unsure, self.p_values = self.score(dataset.subset(clean).images)

    def _predicted(self) -> NDArray[np.int64]:
        """The predicted class of every image, (n,)."""
        count, classes = len(self.dataset), []
        for start in range(0, count, AT_ONCE):
            logits = self.classifier.predict_logits(self.dataset.images[start : start + AT_ONCE])
            classes.append(logits.argmax(axis=1))
            self.progress(min(start + AT_ONCE, count), count, "images predicted")
        return np.concatenate(classes)

    def score(self, images: Images) -> tuple[Values, Values, Values]:
        """Combined scores, 1 minus the largest probability, p-values: (n,) each."""
        prepared = [self.classifier.prepare(image) for image in images]
        outputs = extract(self.extractor.names, self.extractor.compute, prepared, transformed=True)
        judged = self.calibration.judge(outputs)
        unsure = 1 - self.classifier.tempered(outputs.logits).max(axis=1).astype(np.float64)
        return judged.combined, unsure, judged.p_values

    def figures(self, title: str, images: Images, signs: Signs) -> FamilyFigures | None:
        """Of misclassified images, and the sign of each; None if there are none."""
        if len(images) == 0:
            return None
        combined, unsure, p_values = self.score(images)
        threshold = np.quantile(self.combined, 1 - ALPHA)
        return FamilyFigures(
            title,
            len(images),
            intervals.auroc(self.combined, combined, self.clean, signs),
            intervals.auroc(self.unsure, unsure, self.clean, signs),
            intervals.share((combined > threshold).astype(float), signs),
            intervals.share((p_values <= ALPHA).astype(float), signs),
        )

    def detection(self, fold: str, count: int) -> Detection:
        """Attack `count` images by each family, and the adaptive attack."""
        side = self.classifier.manifest.input_size
        rows = np.random.default_rng(self.seed).permutation(len(self.dataset))[:count]
        drawn, signs = self.dataset.subset(rows), self.signs[rows]
        pixels = to_tensor(np.stack([enlarge(each, side, side) for each in drawn.images]))
        labels = torch.from_numpy(drawn.labels).long()
        families = []
        for title, attack, epsilon in FAMILIES:
            result = attack(
                self.classifier, pixels, labels, epsilon=epsilon, progress=self.progress
            )
            wrong = np.asarray(result.success)
            families.append(self.figures(title, list(result.adversarial[wrong]), signs[wrong]))
        errors = np.flatnonzero(~self.right)
        adaptive, tried = self.adaptive(pixels, labels, signs, round(ADAPTED * count))
        return Detection(
            self.classifier.manifest.sha256,
            self.dataset.name,
            fold,
            self.seed,
            now().date().isoformat(),
            len(self.clean),
            len(np.unique(self.clean)),
            intervals.share((self.p_values <= ALPHA).astype(float), self.clean),
            tuple(each for each in families if each is not None),
            self.figures(
                "misclassified without an attack",
                self.dataset.subset(errors).images,
                self.signs[errors],
            ),
            adaptive,
            tried,
        )

    def adaptive(
        self, pixels: Any, labels: Any, signs: Signs, count: int
    ) -> tuple[FamilyFigures | None, int]:
        """The adaptive attack on the first images that are classified correctly; their number."""
        predicted = self.classifier.predict_logits(list(to_images(pixels))).argmax(axis=1)
        rows = np.flatnonzero(predicted == labels.numpy())[: max(1, count)]
        moved = adaptive_attack.attack(
            self.classifier,
            self.calibration,
            pixels[rows],
            labels[rows],
            epsilon=EPSILON,
            steps=ADAPTIVE_STEPS,
            progress=self.progress,
        )
        saved = to_images(moved)
        after = self.classifier.predict_logits(list(saved)).argmax(axis=1)
        wrong = after != labels[rows].numpy()
        found = self.figures("adaptive PGD 8/255", list(saved[wrong]), signs[rows][wrong])
        return found, len(rows)
