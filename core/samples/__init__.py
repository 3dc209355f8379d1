"""The sample signs: data/samples/<class id>/<number>.png, drawn by `core.samples.drawing`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.images import ImageFile
from core.labels import class_name

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


@dataclass(frozen=True)
class Sample:
    """One drawn sign and its file."""

    class_id: int
    number: int
    path: Path

    @property
    def name(self) -> str:
        """`14 Stop, image 2`."""
        return f"{class_name(self.class_id)}, image {self.number + 1}"

    def image(self) -> ImageFile:
        """Read the file."""
        return ImageFile.from_file(self.path.read_bytes())


@cache
def all_samples() -> tuple[Sample, ...]:
    """Every sample, by class and number."""
    return tuple(
        Sample(int(path.parent.name), int(path.stem), path)
        for path in sorted(SAMPLES.glob("[0-9][0-9]/*.png"))
    )


def of_class(class_id: int) -> list[Sample]:
    """The samples of one class, in order.

    Examples
    --------
    >>> [sample.name for sample in of_class(14)[:2]]
    ['14 Stop, image 1', '14 Stop, image 2']
    """
    return [sample for sample in all_samples() if sample.class_id == class_id]
