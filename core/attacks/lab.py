"""The attack lab: images of any sizes in, attack results out, without torch."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from core.attacks import ATTACKS, Attack, AttackResult, get_attack
from core.attacks.export import zip_results
from core.errors import BadInput
from core.images import LONGEST_SIDE, enlarge, fit, rows_by_key
from core.jobs import IsCancelled, Progress, in_silence, never, part_of
from core.model.classifier import Classifier, to_tensor
from core.model.predictor import Predictor
from core.records.attacks import AttackedImage, AttackInfo, AttackPlan
from core.records.captures import Prediction

Image = NDArray[np.uint8]


class Lab:
    """Attacks with one model.

    Parameters
    ----------
    predictor
        The model; also predicts images before and after an attack.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    @staticmethod
    def attacks() -> dict[str, AttackInfo]:
        """What is known of each attack, by name."""
        return {name: attack.info for name, attack in ATTACKS.items()}

    @staticmethod
    def info(name: str) -> AttackInfo:
        """What is known of the attack of that name; raises BadInput, listing the known ones."""
        return get_attack(name).info

    @staticmethod
    def settings(name: str) -> dict[str, object]:
        """The settings that the attack of that name takes, with their defaults."""
        return settings_of(name)

    def attack(
        self,
        plan: AttackPlan,
        images: Sequence[Image],
        labels: Sequence[int] | None,
        progress: Progress = in_silence,
        cancelled: IsCancelled = never,
    ) -> list[AttackedImage]:
        """Attack images with one attack.

        Parameters
        ----------
        plan
            The attack, its goal and its budget.
        images
            ``(height, width, 3)`` uint8 each, of any sizes.
        labels
            The true class of each; None: the predicted one.
        progress, cancelled
            Called before every step.

        Returns
        -------
        list of AttackedImage
            In the order of `images`; a single image has its path.

        Raises
        ------
        BadInput
            For a plan that the attack refuses, and if every image is of the target class.
        Cancelled
            After ``cancelled()`` was true.
        """
        if labels is None:
            labels = [each.class_id for each in self._predictor.predict(images)]
        attack = build_attack(
            plan.attack, steps=plan.steps, seed=plan.seed, stop_when_solved=not plan.persistent
        )
        groups = list(
            attack_images(
                self._predictor.classifier,
                attack,
                images,
                labels,
                epsilon=plan.epsilon,
                target=plan.target,
                progress=progress,
                cancelled=cancelled,
                trace=len(images) == 1,
            )
        )
        before = self._predictions(clean for _, clean, _ in groups)
        after = self._predictions(result.adversarial for _, _, result in groups)
        results: dict[int, AttackedImage] = {}
        for rows, clean, result in groups:
            for place, row in enumerate(rows):
                pair = next(before), next(after)
                results[row] = _attacked_image(
                    plan, labels[row], clean[place], result, place, *pair
                )
        return [results[row] for row in range(len(images))]

    def compare(
        self,
        plans: Sequence[AttackPlan],
        image: Image,
        label: int,
        progress: Progress = in_silence,
        cancelled: IsCancelled = never,
    ) -> list[AttackedImage]:
        """Every plan on one image, in order; raises BadInput and Cancelled."""
        results = []
        for number, plan in enumerate(plans):
            part = part_of(progress, number, len(plans))
            results += self.attack(plan, [image], [label], part, cancelled)
        return results

    def to_zip(self, results: Sequence[AttackedImage]) -> bytes:
        """Successful images of one plan and a manifest, as `export.zip_results` has them."""
        return zip_results(results)

    def _predictions(self, groups: Iterable[Image]) -> Iterator[Prediction]:
        """Of every image of groups (batch, height, width, 3)."""
        images = [image for group in groups for image in group]
        return iter(self._predictor.predict(images) if images else [])


def _attacked_image(
    plan: AttackPlan,
    label: int,
    clean: Image,
    result: AttackResult,
    place: int,
    before: Prediction,
    after: Prediction,
) -> AttackedImage:
    return AttackedImage(
        plan=plan,
        clean=clean,
        adversarial=result.adversarial[place],
        label=label,
        eligible=bool(result.eligible[place]),
        success_before_rounding=bool(result.success_before_rounding[place]),
        success=bool(result.success[place]),
        steps=int(result.steps[place]),
        linf=float(result.linf[place]),
        l2=float(result.l2[place]),
        psnr=float(result.psnr[place]),
        before=before,
        after=after,
        path=None if result.path is None else result.path[place],
    )


def settings_of(name: str) -> dict[str, object]:
    """The settings that the attack of that name takes, with their defaults."""
    parameters = inspect.signature(get_attack(name).__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def build_attack(
    name: str, *, steps: int | None = None, seed: int = 0, stop_when_solved: bool = True
) -> Attack:
    """The attack of that name; steps None: its own default.

    Attacks without chance ignore seed, and those without a choice ignore stop_when_solved.
    """
    known = settings_of(name)
    if steps is not None and "steps" not in known:
        raise BadInput(f"{name} takes a single step; leave the number of steps out, got {steps}")
    chosen = {"steps": steps, "seed": seed, "stop_when_solved": stop_when_solved}
    return get_attack(name)(**{k: v for k, v in chosen.items() if k in known and v is not None})


def attack_images(
    classifier: Classifier,
    attack: Attack,
    images: Sequence[Image],
    labels: Sequence[int],
    *,
    epsilon: float | None,
    target: int | None,
    progress: Progress = in_silence,
    cancelled: IsCancelled = never,
    trace: bool = False,
) -> Iterator[tuple[list[int], Image, AttackResult]]:
    """Attack images of any sizes, those of one size together.

    They are reduced to LONGEST_SIDE, and enlarged to what the classifier sees if they are smaller:
    an attack works on what it sees, and less would hide from it what the network reacts to.

    Parameters
    ----------
    images, labels
        ``(height, width, 3)`` uint8 each, and their true classes.
    epsilon
        In the attack's norm; None: the attack's own default.
    target
        The class to be predicted; None: any wrong one.
    trace
        Whether to keep the path, for a few images.

    Yields
    ------
    tuple
        The rows of one size, their clean images ``(batch, height, width, 3)`` as attacked, and
        their result.

    Raises
    ------
    BadInput
        As the attack does, and if every image is of the target class.
    """
    if len(labels) and target is not None and all(label == target for label in labels):
        raise BadInput(
            f"target must differ from the true class, got {target} for {len(labels)} images of "
            "that class; choose another target or other images"
        )
    side = classifier.manifest.input_size
    fitted = [enlarge(fit(image, LONGEST_SIDE), side, LONGEST_SIDE) for image in images]
    groups = list(rows_by_key([image.shape for image in fitted]))
    for number, rows in enumerate(groups):
        clean = np.stack([fitted[row] for row in rows])
        result = attack(
            classifier,
            to_tensor(clean),
            torch.tensor([labels[row] for row in rows]),
            epsilon=attack.info.default_epsilon if epsilon is None else epsilon,
            target=target,
            progress=part_of(progress, number, len(groups)),
            cancelled=cancelled,
            trace=trace,
        )
        yield rows, clean, result
