"""What reports have in common: their file, their weights, what is refused."""

from pathlib import Path

from core.errors import BadInput
from core.records.evaluation.report import Estimate
from core.records.evaluation.suspicion import Detection
from tests.support.expect import raises
from tests.support.reports import SHA256, make_detection


def test_a_report_belongs_to_its_weights() -> None:
    assert make_detection().measures(SHA256)
    assert not make_detection().measures("0" * 64)


def test_the_source_names_the_fold_unless_it_is_all_data() -> None:
    assert make_detection().source == "gtsrb32 (held-out)"
    assert Detection(**vars(make_detection()) | {"fold": "all"}).source == "gtsrb32"


def test_a_report_creates_its_folder_and_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "model"
    make_detection().write(folder)
    assert Detection.read(folder) == make_detection()
    assert Detection.read(tmp_path) is None


def test_a_damaged_file_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    (tmp_path / "detection.json").write_text("[")
    with raises(
        BadInput,
        f"{tmp_path / 'detection.json'} holds no figures of suspicion (Expecting value: line 1 "
        "column 2 (char 1)); `python -m core model detect --data PATH` makes it anew",
    ):
        Detection.read(tmp_path)


def test_an_estimate_shows_its_interval() -> None:
    assert str(Estimate(0.98512, 0.961, 1.0)) == "0.985 (0.961 to 1.000)"
