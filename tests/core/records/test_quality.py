"""Records of model quality: every kind of label has its caution, estimates carry theirs."""

from core.records.quality import CAUTION, CAUTIONS, EstimatedAccuracy, Figure, LabelKind


def test_only_ground_truth_needs_no_caution() -> None:
    assert CAUTIONS.keys() == set(LabelKind)
    assert [kind for kind, caution in CAUTIONS.items() if not caution] == [LabelKind.GROUND_TRUTH]


def test_an_estimate_never_comes_without_its_caution() -> None:
    figure = Figure(0.5)
    estimated = EstimatedAccuracy(figure, figure, Figure(None, "no labels"))
    assert estimated.caution == CAUTION
    assert estimated.average_thresholded_confidence == Figure(None, "no labels")
