"""The model card: README.md beside the weights, made from model.json and robustness.json."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from core.labels import class_name
from core.robustness import BUDGETS, CLASS_BUDGET, Robustness
from core.vision.manifest import Manifest

CARD_FILE = "README.md"


def write_card(manifest: Manifest, report: Robustness, directory: Path) -> Path:
    """Write README.md into `directory`; returns its path."""
    path = directory / CARD_FILE
    path.write_text(render(manifest, report))
    return path


def render(manifest: Manifest, report: Robustness) -> str:
    """The card as Markdown; `report` was measured on the weights of `manifest`."""
    side = manifest.input_size
    parts = [
        f"# {manifest.architecture}, {len(manifest.labels)} traffic signs",
        f"Sees every picture at {side} x {side} pixels. Weights SHA-256 `{manifest.sha256}`, "
        f"temperature {manifest.temperature:.3f}.",
        "## Intended use",
        "To show and to test the monitoring of an image classifier: what it predicts, how it is "
        "attacked, and how that is noticed. Not for driving, and not for any decision about "
        "people or vehicles.",
        "## Data and recipe",
        _recipe(manifest),
        "## Held-out figures",
        _held_out(manifest),
        *_robustness(report),
        "## Limits",
        "- It always answers with one of its classes, also for a picture that shows no sign.\n"
        "- Its figures hold for pictures like its training data: one sign, filling the picture.\n"
        "- Whoever may change pixels can change what it reads; the tables above say how far.\n"
        "- Accuracy under attack is an upper bound: a stronger attack can only lower it.\n"
        "- Images are drawn evenly over the classes, so rare signs weigh as much as common ones; "
        "figures of single classes rest on few images.",
    ]
    return "\n\n".join(parts) + "\n"


def _recipe(manifest: Manifest) -> str:
    if not manifest.recipe:
        return "These weights came without a recipe."
    rows = [(name, str(value)) for name, value in manifest.recipe.items()]
    return _table(("setting", "value"), rows)


def _held_out(manifest: Manifest) -> str:
    figures = manifest.figures.get("held_out")
    if not figures:
        return "These weights came without measured figures."
    return _table(
        ("figure", "measured"),
        [
            ("accuracy", f"{figures['accuracy']:.4f}"),
            ("macro F1", f"{figures['macro_f1']:.4f}"),
            ("expected calibration error", f"{figures['ece']:.4f}"),
            ("images", f"{figures['images']:,} of {figures['data']}, {figures['fold']}"),
        ],
    )


def _robustness(report: Robustness) -> Iterable[str]:
    fold = "" if report.fold == "all" else f", {report.fold}"
    yield "## Robustness"
    yield (
        f"Measured on {report.measured_on} with {report.images:,} images of {report.data}{fold}, "
        f"drawn evenly over the classes with seed {report.seed}. Attacked pictures are judged as "
        "they are saved: 8 bit, PNG, read again, through the public predict path."
    )
    yield "### Accuracy against budget (L-infinity)"
    yield _table(
        ("attack", *(f"{levels}/255" if levels else "none" for levels in BUDGETS)),
        [(curve.title, *map(_percent, curve.accuracy)) for curve in report.curves],
    )
    yield "\n".join(
        f"- {curve.title}: " + ", ".join(f"{name} {n}" for name, n in curve.settings.items())
        for curve in report.curves
    )
    aimed = report.targeted
    yield (
        f"{aimed.title} towards {class_name(aimed.target)} at {aimed.levels}/255 "
        f"({', '.join(f'{name} {n}' for name, n in aimed.settings.items())}): "
        f"{aimed.successes:,} of {aimed.eligible:,} images end there once saved, "
        f"{aimed.successes_before_rounding:,} before rounding."
    )
    yield "### Accuracy by corruption and severity"
    yield _table(
        ("corruption", *(f"severity {n}" for n in range(1, 6))),
        [(each.title, *map(_percent, each.accuracy)) for each in report.corruptions],
    )
    yield "### Images read right, by class"
    yield _table(
        ("class", "images", "clean", f"{report.curves[0].title} {CLASS_BUDGET}/255", report.worst),
        [
            (class_name(each.class_id), *map(str, (
                each.images, each.clean, each.attacked, each.corrupted,
            )))
            for each in report.per_class
        ],
    )  # fmt: skip


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
