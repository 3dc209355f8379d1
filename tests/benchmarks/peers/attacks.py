"""Foolbox, torchattacks and ART on the shipped classifier, run in an environment of their own.

    python -m tests.benchmarks.peers.attacks IN.npz OUT.npz MODEL SECTION

IN: pixels (batch, 3, height, width) float32 in [0, 1], labels (batch,). OUT: one array
`attack/peer` of adversarial pixels (draws, batch, 3, height, width) for each, or `part/peer` of
seconds (rounds,) and `part success/peer`.

For parity they step through the form of the model that ours step through (the same logits and
gradients, sooner); against the clock they take the model as it is. Attacks that climb the
cross-entropy get its logits in double precision here: in single precision the peers' softmax
rounds to 1 for a sure model, which hides a part of the gradient (ours writes the loss so that it
does not, core/attacks/task.py), and this is about the attacks, not about rounding.
"""

from __future__ import annotations

import hashlib
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.attacks import PGD
from core.model import classifier as classifiers
from core.model.classifier import Classifier
from core.model.fast import detached, fast_network
from tests.benchmarks.peers.settings import DRAWS, EPSILON, EPSILON_L2, FIXED, SETTINGS, SOLVED
from tests.benchmarks.rounds import interleaved_seconds

warnings.simplefilter("ignore")

import art.config  # noqa: E402

if "speed" not in sys.argv:
    art.config.ART_NUMPY_DTYPE = np.float64  # before its modules take it over

import foolbox  # noqa: E402
import torchattacks  # noqa: E402
from art.attacks.evasion import (  # noqa: E402
    AutoProjectedGradientDescent,
    ProjectedGradientDescentPyTorch,
    SquareAttack,
)
from art.estimators.classification import PyTorchClassifier  # noqa: E402

BATCH, SMALL_BATCH = 64, 8
Pixels = NDArray[np.float32]
PeerAttack = Callable[[Tensor, Tensor], Tensor | None]


class PreciseLogits(nn.Module):
    """A model with double precision outside and single inside: its loss is exact, at its speed."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model, self.manifest, self.classes = model, model.manifest, model.classes
        self.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        """(batch, 3, height, width) in [0, 1] -> (batch, classes)."""
        return self.model(pixels.float()).double()


Either = Classifier | PreciseLogits


def with_foolbox(model: Either, attack: foolbox.Attack, epsilon: float | None) -> PeerAttack:
    """Of its results the clipped one, which keeps the budget."""
    fmodel = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
    return lambda pixels, labels: attack(fmodel, pixels, labels, epsilons=epsilon)[1]


def with_art(model: Either, make: Callable[[PyTorchClassifier], object]) -> PeerAttack:
    """numpy in, numpy out."""
    side = model.manifest.input_size
    estimator = PyTorchClassifier(
        model,
        loss=torch.nn.CrossEntropyLoss(),
        input_shape=(3, side, side),
        nb_classes=model.classes,
        clip_values=(0, 1),
        device_type="cpu",
    )
    attack = make(estimator)
    return lambda pixels, labels: torch.from_numpy(attack.generate(pixels.numpy(), labels.numpy()))


def peer_attacks(model: Classifier) -> Iterator[tuple[str, PeerAttack]]:
    """Every attack of a peer at the settings that both sides use."""
    s = SETTINGS
    yield from on_cross_entropy(PreciseLogits(model))
    yield (
        "deepfool/foolbox",
        with_foolbox(
            model,
            # It counts the class to leave among the candidates.
            foolbox.attacks.L2DeepFoolAttack(
                steps=s["deepfool"]["steps"], candidates=1 + s["deepfool"]["candidates"]
            ),
            None,
        ),
    )
    yield (
        "cw/foolbox",
        with_foolbox(
            model,
            foolbox.attacks.L2CarliniWagnerAttack(
                binary_search_steps=s["cw"]["searches"],
                steps=s["cw"]["steps"],
                stepsize=s["cw"]["step_size"],
                initial_const=s["cw"]["constant"],
                abort_early=False,
            ),
            None,
        ),
    )


def on_cross_entropy(model: PreciseLogits) -> Iterator[tuple[str, PeerAttack]]:
    """The attacks that climb the cross-entropy, and ART's, which take one precision for all."""
    s = SETTINGS
    sizes = {name: settings.get("step_size") for name, settings in s.items()}
    yield "fgsm/torchattacks", precise(torchattacks.FGSM(model, eps=EPSILON))
    yield (
        "bim/torchattacks",
        precise(torchattacks.BIM(model, eps=EPSILON, alpha=sizes["bim"], steps=s["bim"]["steps"])),
    )
    yield (
        "pgd/torchattacks",
        precise(torchattacks.PGD(model, eps=EPSILON, alpha=sizes["pgd"], steps=s["pgd"]["steps"])),
    )
    yield (
        "mi_fgsm/torchattacks",
        precise(
            torchattacks.MIFGSM(
                model, eps=EPSILON, alpha=sizes["mi_fgsm"], steps=s["mi_fgsm"]["steps"]
            )
        ),
    )
    pgd_l2 = foolbox.attacks.L2PGD(abs_stepsize=sizes["pgd_l2"], steps=s["pgd_l2"]["steps"])
    yield "pgd_l2/foolbox", precise(with_foolbox(model, pgd_l2, EPSILON_L2))
    for name, loss in (("apgd_ce", "cross_entropy"), ("apgd_dlr", "difference_logits_ratio")):
        yield (
            f"{name}/art",
            precise(
                with_art(
                    model,
                    lambda estimator, name=name, loss=loss: AutoProjectedGradientDescent(
                        estimator,
                        eps=EPSILON,
                        eps_step=2 * EPSILON,
                        max_iter=s[name]["steps"],
                        nb_random_init=1,
                        batch_size=64,
                        loss_type=loss,
                        verbose=False,
                    ),
                )
            ),
        )
    yield (
        "square/art",
        precise(
            with_art(
                model,
                lambda estimator: SquareAttack(
                    remembering(estimator),
                    eps=EPSILON,
                    batch_size=64,
                    verbose=False,
                    max_iter=s["square"]["steps"]
                    - 2,  # it counts neither the image nor the stripes
                ),
            )
        ),
    )


def remembering(estimator: PyTorchClassifier) -> PyTorchClassifier:
    """An estimator that answers the same image from memory: ART's Square asks thrice for each."""
    ask, answers = estimator.predict, {}

    def predict(x: Pixels, **options: object) -> Pixels:
        keys = [hashlib.blake2b(row.tobytes()).digest() for row in x]
        new = [place for place, key in enumerate(keys) if key not in answers]
        if new:
            found = ask(x[new], **options)
            answers.update((keys[place], row) for place, row in zip(new, found, strict=True))
        return np.stack([answers[key] for key in keys])

    estimator.predict = predict
    return estimator


def precise(attack: PeerAttack) -> PeerAttack:
    """`attack` in double precision, for callers in single precision."""
    return lambda pixels, labels: attack(pixels.double(), labels).float()


def timed(model: Classifier, pixels: Tensor, labels: Tensor) -> dict[str, NDArray[np.float64]]:
    """Seconds of every round, and success, of PGD side by side: ten steps, and forty until solved.

    Until solved, the peer that took its ten steps soonest is clocked; the others run once, for
    their success.
    """
    found: dict[str, NDArray[np.float64]] = {}
    adversarial: dict[str, Tensor | None] = {}

    def clocked(ways: dict[str, PeerAttack], part: str) -> None:
        def attack(name: str) -> None:
            adversarial[f"{part} success/{name}"] = ways[name](pixels, labels)

        taken = interleaved_seconds({name: partial(attack, name) for name in ways})
        found.update({f"{part}/{name}": seconds for name, seconds in taken.items()})

    clocked(dict(_pgd_ways(model, FIXED)) | {"plain": _plain(model, FIXED["steps"])}, "fixed")
    ways = dict(_pgd_ways(model, SOLVED, until_solved=True))
    fastest = min(ways.keys() - {"signwatch"}, key=lambda name: np.median(found[f"fixed/{name}"]))
    clocked({name: ways[name] for name in ("signwatch", fastest)}, "solved")
    for name in ways.keys() - {"signwatch", fastest}:
        adversarial[f"solved success/{name}"] = ways[name](pixels, labels)
    return found | {
        key: np.array(error_rate(model, images, labels))
        for key, images in adversarial.items()
        if images is not None
    }


def _pgd_ways(
    model: Classifier, settings: dict[str, Any], *, until_solved: bool = False
) -> Iterator[tuple[str, PeerAttack]]:
    size, steps = settings["step_size"], settings["steps"]
    own = PGD(step_size=size, steps=steps, stop_when_solved=until_solved)
    yield "signwatch", lambda pixels, labels: own(model, pixels, labels, epsilon=EPSILON).pixels
    yield "torchattacks", torchattacks.PGD(model, eps=EPSILON, alpha=size, steps=steps)
    yield (
        "foolbox",
        with_foolbox(model, foolbox.attacks.LinfPGD(abs_stepsize=size, steps=steps), EPSILON),
    )
    yield (
        "art",
        with_art(
            model,
            lambda estimator: ProjectedGradientDescentPyTorch(
                estimator,
                eps=EPSILON,
                eps_step=size,
                max_iter=steps,
                num_random_init=1,
                batch_size=64,
                verbose=False,
            ),
        ),
    )


def _plain(model: Classifier, steps: int) -> Callable[[Tensor, Tensor], None]:
    """As many forward and backward passes of the model as it is, to the pixels alone."""

    def passes(pixels: Tensor, labels: Tensor) -> None:
        for _ in range(steps):
            leaf = pixels.clone().requires_grad_()
            torch.autograd.grad(torch.nn.functional.cross_entropy(model(leaf), labels), leaf)

    return passes


@torch.no_grad()
def error_rate(model: Classifier, pixels: Tensor, labels: Tensor) -> float:
    """Share of images that are not predicted as their label."""
    logits = torch.cat([model(batch) for batch in pixels.split(64)])
    return (logits.argmax(dim=1) != labels).float().mean().item()


def parts(name: str, pixels: Tensor, labels: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches; small ones for DeepFool, which goes on with a batch until all of it is done."""
    size = SMALL_BATCH if name.startswith("deepfool") else BATCH
    return zip(pixels.split(size), labels.split(size), strict=True)


def attacked(
    model: Classifier, pixels: Tensor, labels: Tensor, section: str
) -> dict[str, NDArray[np.float32]]:
    """The adversarial images of every attack of the section."""
    found = {}
    for name, attack in peer_attacks(fast_network(detached(model), pixels[:1])):
        if name.startswith("square") != (section == "square"):
            continue
        begin = time.perf_counter()
        found[name] = np.stack(
            [
                torch.cat([attack(*part) for part in parts(name, pixels, labels)]).detach().numpy()
                for _ in range(DRAWS.get(name.split("/")[0], 1))
            ]
        )
        print(f"{name}: {time.perf_counter() - begin:.0f} s", file=sys.stderr, flush=True)
    return found


def main(source: str, out: str, folder: str, section: str) -> None:
    """Run one section: `parity`, all but Square; `square`; or `speed`."""
    torch.manual_seed(0)
    np.random.seed(0)
    model = classifiers.load(Path(folder))
    data = np.load(source)
    pixels, labels = torch.from_numpy(data["pixels"]), torch.from_numpy(data["labels"])
    if section == "speed":
        np.savez(out, **timed(model, pixels, labels))
    else:
        np.savez(out, **attacked(model, pixels, labels, section))


if __name__ == "__main__":
    main(*sys.argv[1:])
