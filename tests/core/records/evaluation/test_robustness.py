"""robustness.json: written, read, refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import BadInput
from core.records.evaluation.robustness import Robustness
from tests.support.expect import raises
from tests.support.reports import make_report


def test_what_is_written_is_read(tmp_path: Path) -> None:
    report = make_report()
    report.write(tmp_path / "new")
    assert Robustness.read(tmp_path / "new") == report
    values = json.loads((tmp_path / "new" / "robustness.json").read_text())
    assert values["budgets"] == [0, 1, 2, 4, 8, 16]
    assert values["weights_sha256"] == report.weights_sha256


def test_no_file_is_no_report(tmp_path: Path) -> None:
    assert Robustness.read(tmp_path) is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"budgets": [0, 8]}, "its budgets are not 0, 1, 2, 4, 8, 16"),
        (
            {"targeted": {}},
            "TargetedFigures.__init__() missing 7 required positional arguments: "
            "'attack', 'title', 'target', 'levels', 'eligible', 'successes_before_rounding', and "
            "'successes'",
        ),
        ({"nonsense": 1}, "Robustness.__init__() got an unexpected keyword argument 'nonsense'"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, change: dict[str, object], problem: str) -> None:
    make_report().write(tmp_path)
    path = tmp_path / "robustness.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with raises(
        BadInput,
        f"{path} holds no robustness report ({problem}); `python -m core attack --report` makes it "
        "anew",
    ):
        Robustness.read(tmp_path)


def test_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "robustness.json").write_text("[]")
    with pytest.raises(BadInput, match=r"robustness.json holds no robustness report \("):
        Robustness.read(tmp_path)


def test_it_knows_its_weights_and_its_worst_corruption() -> None:
    report = make_report()
    assert report.measures(report.weights_sha256)
    assert not replace(report, weights_sha256="other").measures("this")
    assert report.worst == "Fog at severity 5"
