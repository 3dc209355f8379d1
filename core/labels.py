"""The 43 classes: id, name and sign group, read from data/labels.csv."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.errors import BadInput

LABELS_CSV = Path(__file__).parent.parent / "data" / "labels.csv"


@dataclass(frozen=True)
class Label:
    """One class of sign. Groups are those of the GTSRB paper (Stallkamp et al. 2012)."""

    class_id: int
    name: str
    group: str


@cache
def all_labels() -> tuple[Label, ...]:
    """Every label, by class id (0..42)."""
    with LABELS_CSV.open(newline="") as file:
        rows = csv.DictReader(file)
        labels = tuple(Label(int(row["class_id"]), row["name"], row["group"]) for row in rows)
    if [label.class_id for label in labels] != list(range(len(labels))):
        raise BadInput(f"{LABELS_CSV} must list class ids 0, 1, 2, ... in order")
    return labels


def label(class_id: int) -> Label:
    """The label of `class_id`; raises BadInput with the range of ids."""
    labels = all_labels()
    if not 0 <= class_id < len(labels):
        raise BadInput(f"class id must lie in 0..{len(labels) - 1}, got {class_id}")
    return labels[class_id]


def class_name(class_id: int) -> str:
    """Id and name of a class, for display.

    Imported captures may come from a classifier with more classes; those have no name here.

    Examples
    --------
    >>> class_name(14), class_name(99)
    ('14 Stop', '99 (no sign of ours)')
    """
    known = all_labels()
    if not 0 <= class_id < len(known):
        return f"{class_id} (no sign of ours)"
    return f"{class_id} {known[class_id].name}"
