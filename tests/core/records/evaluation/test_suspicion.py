"""The report of the flags: read back, refused where damaged, as rows."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import BadInput
from core.records.evaluation.report import Estimate
from core.records.evaluation.suspicion import Detection, clean_flagged, detection_rows, evasion
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
            "'int' object is not subscriptable",
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


def test_a_file_of_an_earlier_version_has_no_intervals(tmp_path: Path) -> None:
    made = make_detection()
    values = made.to_json()
    values["false_positive_rate"] = 0.0105
    values["families"] = [
        {
            "title": "PGD 8/255",
            "images": 98,
            "auroc": 0.993,
            "softmax_auroc": 0.312,
            "found": 0.76,
            "flagged": 0.78,
        }
    ]
    (tmp_path / "detection.json").write_text(json.dumps(values))
    read = Detection.read(tmp_path)
    assert read is not None
    assert read.false_positive_rate == Estimate(0.0105, None, None)
    assert read.adaptive == made.adaptive
    assert detection_rows(read)[0] == ("PGD 8/255", "98", "0.993", "0.312", "76%", "78%")
    assert clean_flagged(read) == (
        "Of 2,000 clean images of 190 physical signs, 1.05% are flagged at 1 %."
    )


def test_the_clean_share_has_its_interval() -> None:
    assert clean_flagged(make_detection()) == (
        "Of 2,000 clean images of 190 physical signs, 1.05% are flagged at 1 % (95 % confidence "
        "interval by track: 0.6% to 1.8%)."
    )


def test_rows_name_every_family_errors_and_the_adaptive_attack() -> None:
    assert detection_rows(make_detection()) == [
        ("PGD 8/255", "98", "0.993", "0.312", "76% (72 to 78%)", "78% (74 to 80%)"),
        (
            "misclassified without an attack",
            "17",
            "0.970",
            "0.981",
            "41% (37 to 43%)",
            "47% (43 to 49%)",
        ),
        ("adaptive PGD 8/255", "24", "0.501", "0.402", "4% (0 to 6%)", "4% (0 to 6%)"),
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
        adaptive = replace(detection.adaptive, images=images, flagged=Estimate(flagged, 0.0, 1.0))
        assert evasion(replace(detection, adaptive=adaptive)) == sentence + rest
    assert evasion(replace(detection, adaptive=None)).startswith(sentence + "0 were ")
