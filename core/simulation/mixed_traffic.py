"""An attacked image as traffic: among sample signs, to rehearse the alarm."""

from __future__ import annotations

import numpy as np

from core import samples
from core.images import ImageFile
from core.records.attacks import AttackedImage
from core.records.captures import Provenance

SOURCE = "lab"
STRIDE = 97  # through the samples: neighbours are of one class, and no two of a stretch are alike


def traffic(result: AttackedImage, count: int, attacked: int) -> list[tuple[ImageFile, Provenance]]:
    """`count` requests in a fixed random order, `attacked` of them the adversarial image.

    The others are sample signs. The adversarial ones name the clean image by its SHA-256.
    """
    made = Provenance(
        SOURCE,
        result.label,
        result.plan.attack,
        result.plan.target,
        ImageFile.from_pixels(result.clean).sha256,
    )
    adversarial = ImageFile.from_pixels(result.adversarial)
    available = samples.all_samples()
    others = [available[(n * STRIDE) % len(available)] for n in range(count - attacked)]
    requests = [(adversarial, made)] * attacked
    requests += [(other.image(), Provenance(SOURCE, other.class_id)) for other in others]
    return [requests[n] for n in np.random.default_rng(0).permutation(count)]
