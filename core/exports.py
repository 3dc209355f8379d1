"""What the commands `attack` and `explain` leave in a folder."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import figures
from core.images import encode_png, fit
from core.vision.fullgrad import Explanation
from core.vision.lab import LONGEST_SIDE, Crafted


def write_crafted(crafted: Sequence[Crafted], out: Path, **settings: object) -> dict[str, Any]:
    """Save successful pictures as PNG by true class, and manifest.json; returns the summary."""
    entries = []
    for number, one in enumerate(crafted):
        file = None
        if one.success:
            file = f"{one.label:02d}/{number:05d}.png"
            (out / file).parent.mkdir(parents=True, exist_ok=True)
            (out / file).write_bytes(encode_png(one.adversarial))
        measured = {k: v for k, v in vars(one).items() if k not in ("clean", "adversarial")}
        if not math.isfinite(one.psnr):
            measured["psnr"] = None  # nothing was changed; JSON knows no infinity
        entries.append({"file": file, **measured})
    summary = settings | {
        "images": len(crafted),
        "eligible": sum(one.eligible for one in crafted),
        "successes_before_rounding": sum(one.success_before_rounding for one in crafted),
        "successes": sum(one.success for one in crafted),
    }
    out.mkdir(parents=True, exist_ok=True)
    manifest = json.dumps(summary | {"pictures": entries}, indent=2)
    (out / "manifest.json").write_text(manifest + "\n")
    return summary


def write_explanations(
    paths: Sequence[Path], pictures: Sequence[NDArray[np.uint8]],
    explanations: Sequence[Explanation], out: Path,
) -> list[dict[str, Any]]:  # fmt: skip
    """Save each picture under its map as PNG, all on one colour scale; returns what they say."""
    scale = figures.common_scale([each.map for each in explanations])
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for number, (path, pixels, each) in enumerate(zip(paths, pictures, explanations, strict=True)):
        file = out / f"{number}_{path.stem}_class{each.class_id:02d}.png"
        shown = figures.overlay(fit(pixels, LONGEST_SIDE), each.map, largest=scale)
        file.write_bytes(encode_png(shown))
        written.append({
            "image": str(path), "map": str(file), "class_id": each.class_id,
            "probability": each.probability, "predicted_class": each.predicted_id,
            "logit": each.logit, "residual": each.residual, "scale": scale,
        })  # fmt: skip
    return written
