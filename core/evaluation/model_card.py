"""The model card: README.md beside the weights, written from their manifest and reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from core.labels import class_name
from core.model.manifest import Manifest
from core.records.evaluation.explanations import ExplanationQuality
from core.records.evaluation.report import AnyReport, Report
from core.records.evaluation.robustness import BUDGETS, CLASS_BUDGET, Robustness
from core.records.evaluation.suspicion import (
    DETECTION_HEAD,
    Detection,
    clean_flagged,
    detection_rows,
    evasion,
)
from core.records.plain_text import common_mark

CARD_FILE = "README.md"
METHOD_NAMES = {
    "fullgrad": "FullGrad",
    "input_x_gradient": "input x gradient",
    "random": "at random",
    "middle": "by distance from the middle",
}


def write_card(manifest: Manifest, directory: Path) -> Path:
    """Write README.md into `directory`, with the reports in it that belong to these weights.

    Raises BadInput for a damaged report.
    """

    def of_these(kind: type[AnyReport]) -> AnyReport | None:
        report = kind.read(directory)
        return report if report and report.measures(manifest.sha256) else None

    path = directory / CARD_FILE
    reports = of_these(Robustness), of_these(ExplanationQuality), of_these(Detection)
    path.write_text(render(manifest, *reports))
    return path


def render(
    manifest: Manifest,
    report: Robustness | None,
    quality: ExplanationQuality | None,
    detection: Detection | None = None,
) -> str:
    """The card as Markdown; None: not measured."""
    side = manifest.input_size
    parts = [
        f"# {common_mark(manifest.architecture)}, {len(manifest.labels)} traffic signs",
        f"Resizes every image to {side} x {side} pixels. Weights SHA-256 `{manifest.sha256}`, "
        f"temperature {manifest.temperature:.3f}.",
        "## Intended use",
        "For demonstrating and testing the monitoring of an image classifier. Not for driving, and "
        "not for any decision about people or vehicles.",
        "## Data and recipe",
        _recipe(manifest),
        "## Held-out figures",
        _held_out(manifest),
        "## Robustness",
        *(_robustness(report) if report else [_not_measured(Robustness)]),
        "## Explanations",
        *(_explanations(quality) if quality else [_not_measured(ExplanationQuality)]),
        "## Suspicion",
        *(_detection(detection) if detection else [_not_measured(Detection)]),
        "## Limits",
        "- It always predicts one of its classes, even for an image without a sign.\n"
        "- Its figures hold for images like its training data: one sign that fills the image.\n"
        "- An attacker who can change pixels can change its predictions, as the tables show.\n"
        "- Accuracy under attack is an upper bound: a stronger attack can only lower it.\n"
        "- Images are drawn evenly over the classes, so rare signs weigh as much as common ones; "
        "figures of single classes rest on few images.",
    ]
    return "\n\n".join(parts) + "\n"


def _recipe(manifest: Manifest) -> str:
    if not manifest.recipe:
        return "These weights came without a recipe."
    rows = [(common_mark(name), common_mark(str(value))) for name, value in manifest.recipe.items()]
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
            (
                "images",
                f"{figures['images']:,} of {common_mark(figures['data'])}, {figures['fold']}",
            ),
        ],
    )


def _robustness(report: Robustness) -> Iterable[str]:
    yield (
        f"{_measured_on(report)} Attacked images are rounded to 8 bit and predicted as "
        "serving predicts."
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
        f"{aimed.title} to {class_name(aimed.target)} at {aimed.levels}/255 "
        f"({', '.join(f'{name} {n}' for name, n in aimed.settings.items())}): "
        f"{aimed.successes:,} of {aimed.eligible:,} images are predicted as it after rounding to 8 "
        f"bit, {aimed.successes_before_rounding:,} before."
    )
    yield "### Accuracy by corruption and severity"
    yield _table(
        ("corruption", *(f"severity {n}" for n in range(1, 6))),
        [(each.title, *map(_percent, each.accuracy)) for each in report.corruptions],
    )
    yield "### Correctly classified images, by class"
    yield _table(
        ("class", "images", "clean", f"{report.curves[0].title} {CLASS_BUDGET}/255", report.worst),
        [
            (
                class_name(each.class_id),
                *map(str, (each.images, each.clean, each.attacked, each.corrupted)),
            )
            for each in report.per_class
        ],
    )


def _explanations(quality: ExplanationQuality) -> Iterable[str]:
    yield (
        f"{_measured_on(quality)} FullGrad (Srinivas and Fleuret 2019) for the predicted class; "
        f"intervals are 95 % intervals over {quality.tracks:,} tracks."
    )
    yield _table(("figure", "measured"), quality_rows(quality))
    deletion = quality.deletion
    yield (
        f"Deletion: the {deletion.share:.0%} of the pixels with the smallest values become the "
        "mean colour; the logit changes by |f - f'| / max(1, |f|). Distance from the middle, which "
        "uses no pixel, is listed because signs are centred."
    )
    yield "### Maps of networks with random layers"
    yield (
        "Mean |Spearman| between maps of the trained network and of one whose layers are random "
        "from the top down to the one named (Adebayo et al. 2018). Signed: maps without absolute "
        "values. Specific: maps as shown, minus the mean map of all images. Another image's: maps "
        "as shown, each against the random network's map of another image, which measures what "
        "all maps have in common."
    )
    yield _table(
        ("random down to", "signed", "specific", "as shown", "another image's"),
        [
            (
                each.from_layer,
                f"{each.signed:.2f}",
                f"{each.specific:.2f}",
                f"{each.shown:.2f}",
                f"{each.other_image:.2f}",
            )
            for each in quality.randomisation
        ],
    )


def _detection(detection: Detection) -> Iterable[str]:
    fold = "" if detection.fold == "all" else f", {detection.fold}"
    yield (
        f"Measured on {detection.measured_on} with {detection.data}{fold}, seed {detection.seed}. "
        f"{clean_flagged(detection)} Attacked images are rounded to 8 bit; those that are "
        "misclassified count. No attack took part in the calibration."
    )
    yield _table(DETECTION_HEAD, detection_rows(detection))
    yield evasion(detection)


def quality_rows(quality: ExplanationQuality) -> list[tuple[str, str]]:
    """Figure and value, as card and command line list them."""
    rows = [
        (f"completeness residual, worst, {precision}", f"{worst:.1e}")
        for precision, worst in quality.completeness.items()
    ]
    hit, deletion = quality.localisation, quality.deletion
    if hit is not None:
        rows += [
            ("pointing game, in the sign's box", str(hit.pointing)),
            (f"energy in the box, which covers {hit.box_area:.3f}", str(hit.energy)),
        ]
    return [
        *rows,
        *(
            (f"deletion moves the logit by, {METHOD_NAMES[name]}", f"{change:.3f}")
            for name, change in deletion.changes.items()
        ),
        ("less than random deletion by", str(deletion.less_than_random)),
        ("less than input x gradient by", str(deletion.less_than_input_x_gradient)),
        ("all parameters random, rank correlation, signed", f"{quality.all_random.signed:.3f}"),
        ("all parameters random, rank correlation, specific", f"{quality.all_random.specific:.3f}"),
        ("all parameters random, rank correlation, as shown", f"{quality.all_random.shown:.3f}"),
    ]


def _measured_on(report: Robustness | ExplanationQuality) -> str:
    fold = "" if report.fold == "all" else f", {report.fold}"
    return (
        f"Measured on {report.measured_on} with {report.images:,} images of {report.data}{fold}, "
        f"drawn evenly over the classes with seed {report.seed}."
    )


def _not_measured(kind: type[Report]) -> str:
    return f"Not measured on these weights; `{kind.COMMAND}` measures it."


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
