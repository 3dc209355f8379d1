"""model.json: written, read, refused."""

import hashlib
import json
from pathlib import Path

import pytest

from core.errors import BadInput
from core.model.manifest import Manifest, file_sha256
from tests.support.expect import raises


def test_the_manifest_is_readable_json(tmp_path: Path) -> None:
    manifest = Manifest("toy", 2, (0.5, 0.25, 0.0), (0.5, 0.25, 1.0), ("Grün", "b"), 2.0, "ff")
    manifest.write(tmp_path)
    text = (tmp_path / "model.json").read_text()
    assert "Grün" in text
    assert json.loads(text) == {
        "architecture": "toy",
        "input_size": 2,
        "mean": [0.5, 0.25, 0.0],
        "std": [0.5, 0.25, 1.0],
        "labels": ["Grün", "b"],
        "temperature": 2.0,
        "sha256": "ff",
        "calibration_sha256": "",
        "recipe": {},
        "figures": {},
    }
    assert Manifest.read(tmp_path) == manifest


def test_the_checksum_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc" * 1000)
    assert file_sha256(tmp_path / "a") == hashlib.sha256(b"abc" * 1000).hexdigest()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("{}", "'mean'"),
        (
            '{"mean": [], "std": [], "labels": []}',
            "Manifest.__init__() missing 2 required positional arguments: 'architecture' and "
            "'input_size'",
        ),
        ('{"mean": 3, "std": [], "labels": []}', "'int' object is not iterable"),
        ("[]", "list indices must be integers or slices, not str"),
    ],
)
def test_a_manifest_of_another_make_is_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "model.json"
    path.write_text(text)
    with raises(BadInput, f"{path} is not a model manifest: {problem}"):
        Manifest.read(tmp_path)
