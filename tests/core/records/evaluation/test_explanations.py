"""explanations.json: written, read, refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import BadInput
from core.records.evaluation.explanations import ExplanationQuality
from tests.support.expect import raises
from tests.support.reports import make_quality


@pytest.mark.parametrize("boxes", [True, False])
def test_what_is_written_is_read(tmp_path: Path, boxes: bool) -> None:
    quality = make_quality() if boxes else replace(make_quality(), localisation=None)
    quality.write(tmp_path / "new")
    assert ExplanationQuality.read(tmp_path / "new") == quality
    values = json.loads((tmp_path / "new" / "explanations.json").read_text())
    assert values["deletion"]["less_than_random"] == {"mean": 0.332, "low": 0.3, "high": 0.36}


def test_no_file_is_no_report(tmp_path: Path) -> None:
    assert ExplanationQuality.read(tmp_path) is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"randomisation": []}, "it has no stage of randomisation"),
        ({"localisation": {}}, "'pointing'"),
        (
            {"localisation": {"pointing": {"mean": 1}}},
            "Estimate.__init__() missing 2 required positional arguments: 'low' and 'high'",
        ),
        (
            {"nonsense": 1},
            "ExplanationQuality.__init__() got an unexpected keyword argument 'nonsense'",
        ),
    ],
)
def test_another_file_is_refused(tmp_path: Path, change: dict[str, object], problem: str) -> None:
    make_quality().write(tmp_path)
    path = tmp_path / "explanations.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with raises(
        BadInput,
        f"{path} holds no figures of explanations ({problem}); `python -m core explain --evaluate "
        "--data PATH` makes it anew",
    ):
        ExplanationQuality.read(tmp_path)


@pytest.mark.parametrize("content", [b"[]", b"", b"\xff\xfe", b"7", b"null"])
def test_no_json_object_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "explanations.json").write_bytes(content)
    with pytest.raises(BadInput, match=r"explanations.json holds no figures of explanations \("):
        ExplanationQuality.read(tmp_path)


def test_it_knows_its_weights_and_its_last_stage() -> None:
    quality = make_quality()
    assert quality.measures(quality.weights_sha256)
    assert not quality.measures("other")
    assert quality.all_random.from_layer == "conv1"
