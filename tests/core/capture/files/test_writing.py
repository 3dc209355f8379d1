"""Exports into a folder that holds no capture files."""

from pathlib import Path

from core.capture.files.exporter import ALL_TIME, Frame
from core.capture.files.writing import write_tree
from core.errors import BadInput
from core.records.window import Window
from tests.core.capture.files.conftest import Files
from tests.support.capture_lines import (
    read_tree,
)
from tests.support.expect import raises


def test_a_folder_with_capture_files_is_refused(filled: Files, tmp_path: Path) -> None:
    filled.write(tmp_path / "out", Window(*ALL_TIME, "b"))
    before = read_tree(tmp_path / "out")
    with raises(
        BadInput,
        f"expected a folder without capture files, got {tmp_path / 'out'} with "
        f"{next((tmp_path / 'out').rglob('*.jsonl')).relative_to(tmp_path / 'out')}; choose "
        "another one",
    ):
        filled.write(tmp_path / "out")
    assert read_tree(tmp_path / "out") == before


def test_a_path_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    with raises(
        BadInput,
        "a path must be relative, without empty parts, . or .., got "
        "'../v/2022/02/14/17/captures.jsonl'",
    ):
        write_tree(
            tmp_path / "out",
            [Frame("../v/2022/02/14/17/captures.jsonl", b"{}\n", 1, 1)],
            lambda *_: None,
        )
    assert list(tmp_path.iterdir()) == []
