"""The 43 classes."""

from pathlib import Path

import pytest

from core import labels
from core.errors import BadInput
from core.labels import all_labels, class_name, label
from tests.support.expect import raises


def test_there_are_43_classes_in_order() -> None:
    assert [each.class_id for each in all_labels()] == list(range(43))
    assert len({each.name for each in all_labels()}) == 43


@pytest.mark.parametrize(
    ("class_id", "name"),
    [(0, "0 Speed limit 20 km/h"), (13, "13 Give way"), (14, "14 Stop"), (17, "17 No entry")],
)
def test_classes_are_written_as_id_and_name(class_id: int, name: str) -> None:
    assert class_name(class_id) == name


def test_groups_are_those_of_the_gtsrb_paper() -> None:
    """Stallkamp et al. 2012, table 2: speed limits, other prohibitions, derestriction, ..."""
    groups: dict[str, set[int]] = {}
    for each in all_labels():
        groups.setdefault(each.group, set()).add(each.class_id)
    assert sorted(map(sorted, groups.values())) == sorted(
        [
            [0, 1, 2, 3, 4, 5, 7, 8],
            [9, 10, 15, 16],
            [6, 32, 41, 42],
            [33, 34, 35, 36, 37, 38, 39, 40],
            [11, *range(18, 32)],
            [12, 13, 14, 17],
        ]
    )


@pytest.mark.parametrize("class_id", [-1, 43, 1000])
def test_a_class_that_does_not_exist_is_named_with_the_range(class_id: int) -> None:
    with raises(BadInput, f"class id must lie in 0..42, got {class_id}"):
        label(class_id)


@pytest.mark.parametrize("class_id", [-1, 43, 1000])
def test_a_class_of_another_classifier_goes_by_its_number(class_id: int) -> None:
    assert class_name(class_id) == f"{class_id} (no sign of ours)"


def test_a_table_out_of_order_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("class_id,name,group\n1,Stop,unique\n0,Yield,unique\n")
    monkeypatch.setattr(labels, "LABELS_CSV", table)
    with raises(BadInput, f"{table} must list class ids 0, 1, 2, ... in order"):
        all_labels.__wrapped__()
