"""A robustness report with figures that can be told apart."""

from core.robustness import (
    BudgetCurve,
    ClassRobustness,
    CorruptionCurve,
    Robustness,
    TargetedFigures,
)

SHA256 = "5" * 64


def make_report(sha256: str = SHA256) -> Robustness:
    """100 images of two classes; fog at severity 5 is worst."""
    return Robustness(
        weights_sha256=sha256, data="gtsrb32", fold="held-out", images=100, seed=7,
        measured_on="2026-11-21",
        curves=(
            BudgetCurve("pgd", "PGD", (0.99, 0.8, 0.5, 0.2, 0.05, 0.0), {"steps": 40}),
            BudgetCurve("autoattack", "AutoAttack-lite", (0.99, 0.75, 0.4, 0.1, 0.01, 0.0),
                        {"steps": 25, "candidates": 2, "queries": 200}),
        ),
        targeted=TargetedFigures("pgd", "PGD", 14, 8, 96, 93, 91, {"steps": 50}),
        corruptions=(
            CorruptionCurve("noise", "Noise", (0.98, 0.97, 0.95, 0.93, 0.9)),
            CorruptionCurve("fog", "Fog", (0.97, 0.9, 0.8, 0.6, 0.31)),
        ),
        worst_corruption=("fog", 5),
        per_class=(ClassRobustness(1, 60, 60, 5, 21), ClassRobustness(14, 40, 39, 0, 10)),
    )  # fmt: skip
