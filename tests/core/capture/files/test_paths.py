"""Which paths are those of capture files, and which are refused."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.capture.files.paths import Place, folder, parse_path, walk
from core.errors import BadInput
from tests.support.expect import raises

HOUR = datetime(2022, 2, 14, 17, tzinfo=UTC)
LAYOUT = "{endpoint}/{variant}/yyyy/mm/dd/hh/{file}.jsonl"
RELATIVE = "a path must be relative, without empty parts, . or .., got "
NAME = "endpoint name must be 1 to 63 letters, digits and inner hyphens, got "


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("ep/AllTraffic/2022/02/14/17/a.jsonl", Place("ep", "AllTraffic", HOUR)),
        ("s3/data capture/ep/v-1/2022/02/14/17/a b.jsonl", Place("ep", "v-1", HOUR)),
        ("ep/2022/2022/02/14/17/é.jsonl", Place("ep", "2022", HOUR)),
        ("2022/02/14/17/a.jsonl", Place(None, None, HOUR)),
        ("ground-truth/2022/02/14/17/a.jsonl", Place(None, None, HOUR)),
    ],
)
def test_a_path_tells_endpoint_variant_and_hour(path: str, place: Place) -> None:
    assert parse_path(path) == place


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("", f"{RELATIVE}''"),
        ("/ep/v/2022/02/14/17/a.jsonl", f"{RELATIVE}'/ep/v/2022/02/14/17/a.jsonl'"),
        ("ep/../v/2022/02/14/17/a.jsonl", f"{RELATIVE}'ep/../v/2022/02/14/17/a.jsonl'"),
        ("ep//2022/02/14/17/a.jsonl", f"{RELATIVE}'ep//2022/02/14/17/a.jsonl'"),
        ("ep\\v/2022/02/14/17/a.jsonl", f"{RELATIVE}'ep\\\\v/2022/02/14/17/a.jsonl'"),
        ("ep/v/2022/02/14/17/a.csv", f"expected {LAYOUT}, got 'ep/v/2022/02/14/17/a.csv'"),
        ("a.jsonl", f"expected {LAYOUT}, got 'a.jsonl'"),
        (
            "a/" * 15 + "2022/02/14/17/a.jsonl",
            f"expected {LAYOUT}, got {'a/' * 15 + '2022/02/14/17/a.jsonl'!r}",
        ),
        (
            "ep/v/2022/13/14/17/a.jsonl",
            f"expected {LAYOUT} with an hour of 1970 to 2199, got 'ep/v/2022/13/14/17/a.jsonl'",
        ),
        (
            "ep/v/1969/12/14/17/a.jsonl",
            f"expected {LAYOUT} with an hour of 1970 to 2199, got 'ep/v/1969/12/14/17/a.jsonl'",
        ),
        (
            "ep/v/٢٠٢٢/12/14/17/a.jsonl",
            f"expected {LAYOUT} with an hour of 1970 to 2199, got 'ep/v/٢٠٢٢/12/14/17/a.jsonl'",
        ),
        ("e p/v/2022/02/14/17/a.jsonl", f"{NAME}'e p'"),
        ("ep/v_1/2022/02/14/17/a.jsonl", f"{NAME}'v_1'"),
        (
            "e\n/v/2022/02/14/17/a.jsonl",
            "a path must not hold control characters or broken text, "
            "got 'e\\n/v/2022/02/14/17/a.jsonl'",
        ),
        (
            "ep/v/2022/02/14/17/\udcff.jsonl",
            "a path must not hold control characters or broken "
            "text, got 'ep/v/2022/02/14/17/\\udcff.jsonl'",
        ),
        ("x" * 1025, f"a path has at most 1024 characters, got 1,025: {'x' * 200!r}"),
    ],
)
def test_other_paths_are_refused(path: str, problem: str) -> None:
    with raises(BadInput, problem):
        parse_path(path)


def test_a_folder_is_that_of_its_path() -> None:
    assert folder("ep", "v", HOUR) == "ep/v/2022/02/14/17"
    with raises(BadInput, f"{NAME}'..'"):
        folder("..", "v", HOUR)


def test_a_tree_is_walked_in_order_and_links_out_of_it_are_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    hour = root / "ep" / "v" / "2022" / "02" / "14" / "17"
    hour.mkdir(parents=True)
    outside.mkdir()
    (outside / "x.jsonl").write_text("{}\n")
    (hour / "b.jsonl").write_text("{}\n")
    (hour / "a.jsonl").write_text("{}{}\n")
    (hour / "notes.txt").write_text("not ours")
    (hour / "inside.jsonl").symlink_to(hour / "a.jsonl")
    (hour / "outside.jsonl").symlink_to(outside / "x.jsonl")
    (root / "ep" / "linked").symlink_to(outside)
    (root / "stray.jsonl").write_text("{}\n")
    (hour / "folder.jsonl").mkdir()
    os.mkfifo(hour / "pipe.jsonl")
    found, problems = walk(root)
    assert [(Path(each.path).name, each.size) for each in found] == [
        ("a.jsonl", 5),
        ("b.jsonl", 3),
        ("inside.jsonl", 5),
    ]
    other = "'ep/v/2022/02/14/17/notes.txt'"
    assert problems == [
        "'ep/linked' was left out: it is a link to a folder; copy the folder instead",
        f"{other} was left out: expected {LAYOUT}, got {other}",
        "'ep/v/2022/02/14/17/outside.jsonl' was left out: it is a link out of the folder; copy "
        "the file instead",
        "'ep/v/2022/02/14/17/pipe.jsonl' was left out: it is no regular file",
        f"'stray.jsonl' was left out: expected {LAYOUT}, got 'stray.jsonl'",
    ]


def test_a_tree_has_to_be_there(tmp_path: Path) -> None:
    with raises(BadInput, f"expected a folder with {LAYOUT}, got {tmp_path / 'no'}"):
        walk(tmp_path / "no")
