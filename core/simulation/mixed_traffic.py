"""An attacked picture as traffic: among sample signs, to rehearse the alarm."""

from __future__ import annotations

import numpy as np

from core import samples
from core.attacks.trials import Trial
from core.images import Picture
from core.records.captures import Provenance

SOURCE = "lab"
STRIDE = 97  # through the samples: neighbours are of one class, and no two of a stretch are alike


def traffic(trial: Trial, count: int, attacked: int) -> list[tuple[Picture, Provenance]]:
    """`count` requests in a fixed random order, `attacked` of them the adversarial picture.

    The others are sample signs. The adversarial ones name the clean picture by its SHA-256.
    """
    made = Provenance(
        SOURCE,
        trial.crafted.label,
        trial.plan.attack,
        trial.plan.target,
        Picture.from_pixels(trial.crafted.clean).sha256,
    )
    adversarial = Picture.from_pixels(trial.crafted.adversarial)
    available = samples.all_samples()
    others = [available[(n * STRIDE) % len(available)] for n in range(count - attacked)]
    requests = [(adversarial, made)] * attacked
    requests += [(other.picture(), Provenance(SOURCE, other.class_id)) for other in others]
    return [requests[n] for n in np.random.default_rng(0).permutation(count)]
