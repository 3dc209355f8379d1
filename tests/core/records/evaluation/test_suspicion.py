"""The report of the flags: read back, refused where damaged, as rows."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import BadInput
from core.records.evaluation.suspicion import Detection, detection_rows, evasion
from tests.support.expect import raises
from tests.support.reports import make_detection


def test_what_is_written_is_read(tmp_path: Path) -> None:
    for detection in (make_detection(), replace(make_detection(), errors=None, adaptive=None)):
        detection.write(tmp_path)
        assert Detection.read(tmp_path) == detection


def test_no_file_is_no_report(tmp_path: Path) -> None:
    assert Detection.read(tmp_path) is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"families": [7]},
            "core.records.evaluation.suspicion.FamilyFigures() argument after ** must be a "
            "mapping, not int",
        ),
        ({"nonsense": 1}, "Detection.__init__() got an unexpected keyword argument 'nonsense'"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, change: dict[str, object], problem: str) -> None:
    make_detection().write(tmp_path)
    path = tmp_path / "detection.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with raises(
        BadInput,
        f"{path} holds no figures of suspicion ({problem}); `python -m core model detect --data "
        "PATH` makes it anew",
    ):
        Detection.read(tmp_path)


def test_rows_name_every_family_errors_and_the_adaptive_attack() -> None:
    assert detection_rows(make_detection()) == [
        ("PGD 8/255", "98", "0.993", "0.312", "76%", "78%"),
        ("misclassified without an attack", "17", "0.970", "0.981", "41%", "47%"),
        ("adaptive PGD 8/255", "24", "0.501", "0.402", "4%", "4%"),
    ]


def test_who_evades_is_misclassified_and_not_flagged() -> None:
    detection = make_detection()
    assert detection.adaptive is not None
    sentence = "An adaptive attacker can evade detection: of 25 images, "
    for images, flagged, rest in (
        (20, 0.25, "15 were misclassified without a flag."),
        (4, 0.75, "1 was misclassified without a flag."),
        (7, 1.0, "0 were misclassified without a flag."),
    ):
        adaptive = replace(detection.adaptive, images=images, flagged=flagged)
        assert evasion(replace(detection, adaptive=adaptive)) == sentence + rest
    assert evasion(replace(detection, adaptive=None)).startswith(sentence + "0 were ")
