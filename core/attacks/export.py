"""Attack results as files: in a folder, or in a ZIP."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.images import encode_png
from core.records.attacks import AttackedImage, AttackPlan, Rate

MANIFEST = "manifest.json"
MEASURED = (
    "label",
    "eligible",
    "success_before_rounding",
    "success",
    "steps",
    "linf",
    "l2",
    "psnr",
)


def write_results(
    results: Sequence[AttackedImage], out: Path, **settings: object
) -> dict[str, Any]:
    """Save successful images as PNG by true class, and manifest.json; returns the summary."""
    out.mkdir(parents=True, exist_ok=True)
    for file, one in zip(_file_names(results), results, strict=True):
        if file is not None:
            (out / file).parent.mkdir(exist_ok=True)
            (out / file).write_bytes(encode_png(one.adversarial))
    summary = _summary(results, settings)
    (out / MANIFEST).write_text(_manifest(results, summary))
    return summary


def zip_results(results: Sequence[AttackedImage]) -> bytes:
    """Successful images of one plan as PNG by true class, and manifest.json, as one ZIP."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for file, one in zip(_file_names(results), results, strict=True):
            if file is not None:
                archive.writestr(file, encode_png(one.adversarial))
        summary = _summary(results, _settings(results[0].plan))
        archive.writestr(MANIFEST, _manifest(results, summary))
    return buffer.getvalue()


def _settings(plan: AttackPlan) -> dict[str, object]:
    return {
        "attack": plan.attack,
        "target": plan.target,
        "epsilon": plan.epsilon,
        "steps_at_most": plan.steps,
        "seed": plan.seed,
        "goes_on_when_misread": plan.persistent,
    }


def _file_names(results: Sequence[AttackedImage]) -> list[str | None]:
    return [
        f"{one.label:02d}/{number:05d}.png" if one.success else None
        for number, one in enumerate(results)
    ]


def _summary(results: Sequence[AttackedImage], settings: dict[str, object]) -> dict[str, Any]:
    rate = Rate.of(results)
    return settings | {
        "images": len(results),
        "eligible": rate.eligible,
        "successes_before_rounding": rate.before_rounding,
        "successes": rate.saved,
    }


def _manifest(results: Sequence[AttackedImage], summary: dict[str, Any]) -> str:
    entries = []
    for file, one in zip(_file_names(results), results, strict=True):
        measured = {name: getattr(one, name) for name in MEASURED}
        if not math.isfinite(one.psnr):
            measured["psnr"] = None  # nothing was changed; JSON knows no infinity
        entries.append({"file": file, **measured})
    return json.dumps(summary | {"pictures": entries}, indent=2) + "\n"
