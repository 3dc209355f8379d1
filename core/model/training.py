"""Training from scratch: SGD in cycles, averaged weights, then temperature scaling."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from core.datasets import Dataset
from core.errors import BadInput
from core.jobs import Progress
from core.labels import all_labels
from core.model.accuracy import Evaluation, evaluate
from core.model.augmentation import augment, augment_in_focus
from core.model.classifier import Classifier, build_network, to_tensor
from core.model.manifest import Manifest
from core.model.suspicion.fit import calibrate

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """The settings of one training run.

    Classes are drawn with probability ~ count**(1 - balance). The first epochs, `early_share` of
    them, use images of side early_size, which is faster and costs little accuracy. A short second
    cycle (`closing_*`) continues from the averaged weights without loss of detail.
    """

    architecture: str = "resnet18"
    input_size: int = 96
    early_size: int = 64
    early_share: float = 0.5
    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 0.15
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warm_up: float = 0.2
    averaging: float = 0.995
    closing_steps: int = 150
    closing_batch: int = 64
    closing_rate: float = 0.02
    closing_warm_up: float = 0.15
    closing_averaging: float = 0.97
    balance: float = 0.5
    mean: tuple[float, float, float] = (0.34, 0.31, 0.32)
    std: tuple[float, float, float] = (0.27, 0.26, 0.27)
    seed: int = 0


def train(dataset: Dataset, out: Path, recipe: Recipe, progress: Progress) -> Evaluation:
    """Train on the train fold, calibrate on the calibration fold, measure on held-out tracks.

    Parameters
    ----------
    dataset
        With tracks.
    out
        The folder of the model. It holds the averaged weights after every epoch, so they survive
        an interruption. Where suspicion cannot be calibrated, a warning in the log says why.
    recipe
        The settings; they are kept in the manifest.
    progress
        Called with (step, steps, text) after every step.

    Returns
    -------
    Evaluation
        Measured on the held-out fold.

    Raises
    ------
    BadInput
        The data set has no tracks, or too few images to train on.
    """
    dataset.require_tracks("training")
    training = dataset.fold("train")
    if len(training) < recipe.batch_size:
        raise BadInput(
            f"{dataset.name}: the part to train on has {len(training)} images, "
            f"fewer than one batch of {recipe.batch_size}; give it more"
        )
    torch.manual_seed(recipe.seed)
    labels = tuple(label.name for label in all_labels())
    network = build_network(recipe.architecture, len(labels)).to(memory_format=torch.channels_last)
    manifest = Manifest(
        recipe.architecture,
        recipe.input_size,
        recipe.mean,
        recipe.std,
        labels,
        recipe=asdict(recipe)
        | {"data": dataset.name, "images": len(training), "split": "whole tracks, 75/10/15 %"},
    )
    learner = Classifier(manifest, network)
    for cycle in cycles(recipe):
        learner = run_cycle(learner, training, recipe, cycle, out, progress)
    return finish(learner, dataset, out, progress)


@dataclass(frozen=True)
class Cycle:
    """One cycle of the learning rate.

    sizes: sides of the images in pixels, one an epoch; steps: of an epoch, None: as many as the
    data allow; warm_up: share of steps in which the rate rises.
    """

    name: str
    seed: int
    sizes: tuple[int, ...]
    steps: int | None
    batch_size: int
    learning_rate: float
    warm_up: float
    averaging: float
    augment: Callable[[Tensor, int, torch.Generator], Tensor]


def cycles(recipe: Recipe) -> tuple[Cycle, Cycle]:
    """The cycles of a recipe, in order."""
    early = round(recipe.early_share * recipe.epochs)
    sizes = [recipe.early_size] * early + [recipe.input_size] * (recipe.epochs - early)
    return (
        Cycle(
            "epoch",
            recipe.seed,
            tuple(sizes),
            None,
            recipe.batch_size,
            recipe.learning_rate,
            recipe.warm_up,
            recipe.averaging,
            augment,
        ),
        Cycle(
            "closing",
            recipe.seed + 1,
            (recipe.input_size,),
            recipe.closing_steps,
            recipe.closing_batch,
            recipe.closing_rate,
            recipe.closing_warm_up,
            recipe.closing_averaging,
            augment_in_focus,
        ),
    )


def finish(classifier: Classifier, dataset: Dataset, out: Path, progress: Progress) -> Evaluation:
    """Fit temperature and suspicion, measure, and write the model with its figures."""
    calibration, held_out = dataset.fold("calibration"), dataset.fold("held-out")
    logits = classifier.predict_logits(calibration.images)
    temperature = fit_temperature(logits, calibration.labels)
    classifier.manifest = replace(classifier.manifest, temperature=temperature)
    evaluation = evaluate(classifier, held_out, fold="held-out")
    classifier.manifest = replace(classifier.manifest, figures={"held_out": evaluation.summary()})
    classifier.save(out)
    try:
        calibrate(classifier, dataset.fold("train"), calibration, progress).write(out)
    except BadInput as error:  # the weights are kept even if too weak to be calibrated
        logger.warning("The model has no p-values of suspicion: %s", error)
    return evaluation


def run_cycle(
    learner: Classifier,
    training: Dataset,
    recipe: Recipe,
    cycle: Cycle,
    out: Path,
    progress: Progress,
) -> Classifier:
    """Train `learner` in place for a cycle; returns the averaged classifier, in eval mode."""
    averaged = AveragedModel(
        learner.network, multi_avg_fn=get_ema_multi_avg_fn(cycle.averaging), use_buffers=True
    )
    keeper = Classifier(learner.manifest, averaged.module)
    pixels = to_tensor(np.stack(training.images))
    targets = torch.from_numpy(training.labels)
    steps = cycle.steps or len(targets) // cycle.batch_size
    optimizer = torch.optim.SGD(
        _decay_groups(learner, recipe.weight_decay),
        lr=cycle.learning_rate,
        momentum=recipe.momentum,
        nesterov=True,
    )
    epochs = len(cycle.sizes)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, cycle.learning_rate, total_steps=steps * epochs, pct_start=cycle.warm_up
    )
    generator = torch.Generator().manual_seed(cycle.seed)
    weights = _sampling_weights(targets, recipe.balance)
    for epoch, size in enumerate(cycle.sizes):
        learner.train()
        order = torch.multinomial(weights, steps * cycle.batch_size, True, generator=generator)
        for step, rows in enumerate(order.split(cycle.batch_size)):
            batch = cycle.augment(pixels[rows], size, generator)
            loss = _step(learner, batch, targets[rows], optimizer)
            schedule.step()
            averaged.update_parameters(learner.network)
            text = f"{cycle.name} {epoch + 1}/{epochs}, loss {loss:.3f}"
            progress(epoch * steps + step + 1, steps * epochs, text)
        keeper.eval().save(out)
    return keeper


def _step(
    learner: Classifier, batch: Tensor, targets: Tensor, optimizer: torch.optim.Optimizer
) -> float:
    # Where the processor has no bfloat16 of its own, emulating it takes several times as long.
    native = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=native):
        normalised = learner.normalise(batch).contiguous(memory_format=torch.channels_last)
        logits = learner.network(normalised)
    loss = F.cross_entropy(logits.float(), targets)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def _decay_groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Weight decay on matrices and kernels only, not on biases and BatchNorm."""
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _sampling_weights(targets: Tensor, balance: float) -> Tensor:
    counts = torch.bincount(targets).float()
    return counts[targets].pow(-balance)


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """The temperature that minimises the negative log likelihood of labels (N,).

    Guo et al.: On Calibration of Modern Neural Networks, ICML 2017,
    https://arxiv.org/abs/1706.04599.

    Parameters
    ----------
    logits
        (N, classes).
    labels
        (N,), true classes.
    """
    scores, targets = torch.from_numpy(logits).double(), torch.from_numpy(labels)
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> float:
        optimizer.zero_grad()
        loss = F.cross_entropy(scores / log_temperature.exp(), targets)
        loss.backward()
        return float(loss.detach())

    optimizer.step(closure)
    return float(log_temperature.detach().exp())
