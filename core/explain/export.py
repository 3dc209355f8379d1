"""Explanations as files in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.explain import heat_maps
from core.images import LONGEST_SIDE, encode_png, fit
from core.records.explanations import Explanation


def write_explanations(
    paths: Sequence[Path],
    images: Sequence[NDArray[np.uint8]],
    explanations: Sequence[Explanation],
    out: Path,
) -> list[dict[str, Any]]:
    """Save each image under its map as PNG, all on one colour scale; returns an entry each."""
    scale = heat_maps.common_scale([each.map for each in explanations])
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for number, (path, pixels, each) in enumerate(zip(paths, images, explanations, strict=True)):
        file = out / f"{number}_{path.stem}_class{each.class_id:02d}.png"
        shown = heat_maps.overlay(fit(pixels, LONGEST_SIDE), each.map, largest=scale)
        file.write_bytes(encode_png(shown))
        written.append(
            {
                "image": str(path),
                "map": str(file),
                "class_id": each.class_id,
                "probability": each.probability,
                "predicted_class": each.predicted_id,
                "logit": each.logit,
                "residual": each.residual,
                "scale": scale,
            }
        )
    return written
