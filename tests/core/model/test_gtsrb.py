"""`gtsrb:DIR`: the official data set, downloaded only where it is missing."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from core.errors import NotFound, Unavailable
from core.model import gtsrb
from core.model.gtsrb import load_official
from tests.support.expect import raises
from tests.support.images import noise
from tests.support.layouts import lay_out_gtsrb, lay_out_test, lay_out_training, write_npz

Part = Literal["training", "test"]


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What would be downloaded, as (root, split); the files are laid out instead."""
    asked: list[tuple[str, str]] = []

    def download(root: str, *, split: str, download: bool) -> None:
        assert download
        asked.append((root, split))
        lay_out = lay_out_training if split == "train" else lay_out_test
        lay_out(Path(root))

    monkeypatch.setattr(gtsrb, "GTSRB", download)
    return asked


def test_a_path_is_a_data_set_of_our_own(tmp_path: Path, downloads: list[tuple[str, str]]) -> None:
    path = write_npz(tmp_path / "data.npz", images=noise(4, 4)[None], labels=np.array([7]))
    assert load_official(str(path), "test").labels.tolist() == [7]
    with raises(
        NotFound,
        f"{tmp_path}/missing does not exist; expected an .npz, or a folder of images by class id",
    ):
        load_official(f"{tmp_path}/missing", "training")
    assert downloads == []


@pytest.mark.parametrize(("part", "labels"), [("training", [0, 0, 0, 1, 2]), ("test", [2, 0, 1])])
def test_what_is_there_is_not_downloaded(
    tmp_path: Path, downloads: list[tuple[str, str]], part: Part, labels: list[int]
) -> None:
    lay_out_gtsrb(tmp_path)
    assert load_official(f"gtsrb:{tmp_path}", part).labels.tolist() == labels
    assert downloads == []


@pytest.mark.parametrize(
    ("part", "split", "labels"),
    [("training", "train", [0, 0, 0, 1, 2]), ("test", "test", [2, 0, 1])],
)
def test_only_the_missing_part_is_downloaded(
    tmp_path: Path, downloads: list[tuple[str, str]], part: Part, split: str, labels: list[int]
) -> None:
    (lay_out_test if part == "training" else lay_out_training)(tmp_path)
    assert load_official(f"gtsrb:{tmp_path}", part).labels.tolist() == labels
    assert downloads == [(str(tmp_path), split)]


@pytest.mark.parametrize("error", [OSError("no route"), RuntimeError("no route")])
def test_without_internet_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(gtsrb, "GTSRB", fail)
    with raises(
        Unavailable,
        f"GTSRB is not in {tmp_path} and could not be downloaded (no route); put torchvision's "
        "`gtsrb` folder there, or try again with internet",
    ):
        load_official(f"gtsrb:{tmp_path}", "test")
