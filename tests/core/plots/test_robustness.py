"""The robustness report as figures: every curve with its values."""

from dataclasses import replace

from core.model.corruptions import CORRUPTIONS
from core.plots.robustness import COLOURS, MARKS, accuracy_by_budget, accuracy_by_severity
from core.records.evaluation.robustness import CorruptionCurve
from tests.support.reports import make_report


def test_accuracy_against_budget() -> None:
    pgd, strongest = accuracy_by_budget(make_report()).data
    assert (pgd.name, strongest.name) == ("PGD", "AutoAttack-lite")
    assert list(pgd.x) == ["none", "1/255", "2/255", "4/255", "8/255", "16/255"]
    assert list(pgd.y) == [0.99, 0.8, 0.5, 0.2, 0.05, 0.0]
    assert list(strongest.y) == [0.99, 0.75, 0.4, 0.1, 0.01, 0.0]


def test_accuracy_by_severity() -> None:
    figure = accuracy_by_severity(make_report(), height=200)
    noise, fog = figure.data
    assert (noise.name, fog.name) == ("Noise", "Fog")
    assert list(fog.x) == ["1", "2", "3", "4", "5"]
    assert list(fog.y) == [0.97, 0.9, 0.8, 0.6, 0.31]
    assert fog.hovertemplate == "Fog: %{y:.1%} correct at severity %{x}<extra></extra>"
    assert figure.layout.height == 200


def test_both_show_the_whole_scale() -> None:
    for figure in (accuracy_by_budget(make_report()), accuracy_by_severity(make_report())):
        assert tuple(figure.layout.yaxis.range) == (0, 1)
        assert figure.layout.xaxis.type == "category"


def test_every_corruption_has_a_line_of_its_own() -> None:
    curves = tuple(
        CorruptionCurve(kind, each.title, (1, 1, 1, 1, 1)) for kind, each in CORRUPTIONS.items()
    )
    lines = accuracy_by_severity(replace(make_report(), corruptions=curves)).data
    assert [line.name for line in lines] == [each.title for each in CORRUPTIONS.values()]
    assert len({line.line.color for line in lines}) == len(lines) == len(COLOURS)
    assert len({line.marker.symbol for line in lines}) == len(lines) == len(MARKS)
    # Where lines run on each other, each shows beside the next one.
    widths, sizes = ([line.line.width for line in lines], [line.marker.size for line in lines])
    assert widths == sorted(set(widths), reverse=True) and widths[-1] > 1
    assert sizes == sorted(set(sizes), reverse=True) and sizes[-1] > 6
