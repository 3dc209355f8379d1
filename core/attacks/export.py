"""What attacks and explanations leave in a folder, or in a ZIP."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.attacks.lab import Crafted
from core.explain import heat_maps
from core.explain.explanation import Explanation
from core.images import LONGEST_SIDE, encode_png, fit

MANIFEST = "manifest.json"
NOT_MEASURED = ("clean", "adversarial", "path")


def write_crafted(crafted: Sequence[Crafted], out: Path, **settings: object) -> dict[str, Any]:
    """Save successful images as PNG by true class, and manifest.json; returns the summary."""
    out.mkdir(parents=True, exist_ok=True)
    for file, one in zip(_file_names(crafted), crafted, strict=True):
        if file is not None:
            (out / file).parent.mkdir(exist_ok=True)
            (out / file).write_bytes(encode_png(one.adversarial))
    summary = _summary(crafted, settings)
    (out / MANIFEST).write_text(_manifest(crafted, summary))
    return summary


def zip_crafted(crafted: Sequence[Crafted], **settings: object) -> bytes:
    """What `write_crafted` leaves in a folder, as one ZIP."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for file, one in zip(_file_names(crafted), crafted, strict=True):
            if file is not None:
                archive.writestr(file, encode_png(one.adversarial))
        archive.writestr(MANIFEST, _manifest(crafted, _summary(crafted, settings)))
    return buffer.getvalue()


def _file_names(crafted: Sequence[Crafted]) -> list[str | None]:
    return [
        f"{one.label:02d}/{number:05d}.png" if one.success else None
        for number, one in enumerate(crafted)
    ]


def _summary(crafted: Sequence[Crafted], settings: dict[str, object]) -> dict[str, Any]:
    return settings | {
        "images": len(crafted),
        "eligible": sum(one.eligible for one in crafted),
        "successes_before_rounding": sum(one.success_before_rounding for one in crafted),
        "successes": sum(one.success for one in crafted),
    }


def _manifest(crafted: Sequence[Crafted], summary: dict[str, Any]) -> str:
    entries = []
    for file, one in zip(_file_names(crafted), crafted, strict=True):
        measured = {k: v for k, v in vars(one).items() if k not in NOT_MEASURED}
        if not math.isfinite(one.psnr):
            measured["psnr"] = None  # nothing was changed; JSON knows no infinity
        entries.append({"file": file, **measured})
    return json.dumps(summary | {"pictures": entries}, indent=2) + "\n"


def write_explanations(
    paths: Sequence[Path],
    images: Sequence[NDArray[np.uint8]],
    explanations: Sequence[Explanation],
    out: Path,
) -> list[dict[str, Any]]:
    """Save each image under its map as PNG, all on one colour scale; returns what they say."""
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
