"""Reports with figures that differ."""

from core.records.evaluation.explanations import (
    Deletion,
    ExplanationQuality,
    Localisation,
    RandomisedStage,
)
from core.records.evaluation.report import Estimate
from core.records.evaluation.robustness import (
    BudgetCurve,
    ClassRobustness,
    CorruptionCurve,
    Robustness,
    TargetedFigures,
)
from core.records.evaluation.suspicion import Detection, FamilyFigures

SHA256 = "5" * 64


def make_report(sha256: str = SHA256) -> Robustness:
    """100 images of two classes; fog at severity 5 is worst."""
    return Robustness(
        weights_sha256=sha256,
        data="gtsrb32",
        fold="held-out",
        images=100,
        seed=7,
        measured_on="2026-11-21",
        curves=(
            BudgetCurve("pgd", "PGD", (0.99, 0.8, 0.5, 0.2, 0.05, 0.0), {"steps": 40}),
            BudgetCurve(
                "autoattack",
                "AutoAttack-lite",
                (0.99, 0.75, 0.4, 0.1, 0.01, 0.0),
                {"steps": 25, "candidates": 2, "queries": 200},
            ),
        ),
        targeted=TargetedFigures("pgd", "PGD", 14, 8, 96, 93, 91, {"steps": 50}),
        corruptions=(
            CorruptionCurve("noise", "Noise", (0.98, 0.97, 0.95, 0.93, 0.9)),
            CorruptionCurve("fog", "Fog", (0.97, 0.9, 0.8, 0.6, 0.31)),
        ),
        worst_corruption=("fog", 5),
        per_class=(ClassRobustness(1, 60, 60, 5, 21), ClassRobustness(14, 40, 39, 0, 10)),
    )


def make_quality(sha256: str = SHA256) -> ExplanationQuality:
    """120 images of 40 physical signs."""
    return ExplanationQuality(
        weights_sha256=sha256,
        data="gtsrb32",
        fold="held-out",
        images=120,
        tracks=40,
        seed=7,
        measured_on="2026-11-22",
        completeness={"float32": 2.6e-5, "float64": 3.4e-14},
        localisation=Localisation(
            Estimate(0.985, 0.961, 1.0), Estimate(0.742, 0.7312, 0.75), box_area=0.568
        ),
        deletion=Deletion(
            0.3,
            {"fullgrad": 0.071, "input_x_gradient": 0.139, "random": 0.403, "middle": 0.057},
            less_than_random=Estimate(0.332, 0.3, 0.36),
            less_than_input_x_gradient=Estimate(0.068, 0.05, 0.08),
        ),
        randomisation=(
            RandomisedStage("fc", signed=0.61, specific=0.74, shown=0.93, other_image=0.55),
            RandomisedStage("conv1", signed=0.03, specific=0.13, shown=0.43, other_image=0.44),
        ),
    )


def family(title: str, images: int, *figures: float) -> FamilyFigures:
    """Figures whose intervals reach 0.04 down and 0.02 up."""
    estimates = (Estimate(each, max(each - 0.04, 0), min(each + 0.02, 1)) for each in figures)
    return FamilyFigures(title, images, *estimates)


def make_detection(sha256: str = SHA256) -> Detection:
    """One family, natural errors, and an adaptive attack."""
    return Detection(
        weights_sha256=sha256,
        data="gtsrb32",
        fold="held-out",
        seed=7,
        measured_on="2026-11-23",
        clean=2000,
        tracks=190,
        false_positive_rate=Estimate(0.0105, 0.0061, 0.0178),
        families=(family("PGD 8/255", 98, 0.993, 0.312, 0.76, 0.78),),
        errors=family("misclassified without an attack", 17, 0.97, 0.981, 0.41, 0.47),
        adaptive=family("adaptive PGD 8/255", 24, 0.501, 0.402, 0.04, 0.04),
        tried=25,
    )
