"""What reports have in common: a JSON file of each kind beside the weights."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from core.errors import BadInput


@dataclass(frozen=True)
class Report(ABC):
    """Figures measured on a set of weights, with data, fold and seed.

    FILE: the name of its file; HOLDS: its content, in words; COMMAND: makes it again;
    measured_on: ISO 8601 date, UTC.
    """

    FILE: ClassVar[str]
    HOLDS: ClassVar[str]
    COMMAND: ClassVar[str]

    weights_sha256: str
    data: str
    fold: str
    seed: int
    measured_on: str

    def measures(self, sha256: str) -> bool:
        """Whether it was measured on the weights of that checksum."""
        return self.weights_sha256 == sha256

    @property
    def source(self) -> str:
        """The data and the fold: `gtsrb32 (held-out)`."""
        return self.data if self.fold == "all" else f"{self.data} ({self.fold})"

    def to_json(self) -> dict[str, Any]:
        """What the file holds."""
        return asdict(self)

    @classmethod
    @abstractmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The reverse of `to_json`.

        Raises ValueError, TypeError, KeyError or AttributeError for other values.
        """

    def write(self, directory: Path) -> None:
        """Write the file into `directory`, which is created if it is missing."""
        directory.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.to_json(), indent=2, ensure_ascii=False)
        (directory / self.FILE).write_text(text + "\n")

    @classmethod
    def read(cls, directory: Path) -> Self | None:
        """The report in `directory`, or None; raises BadInput if the file is damaged."""
        path = directory / cls.FILE
        if not path.is_file():
            return None
        try:
            return cls.from_json(json.loads(path.read_text()))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadInput(
                f"{path} holds no {cls.HOLDS} ({error}); `{cls.COMMAND}` makes it anew"
            ) from error


AnyReport = TypeVar("AnyReport", bound=Report)


@dataclass(frozen=True)
class Estimate:
    """A mean, and the ends of its 95 % confidence interval; None where there is none."""

    mean: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.mean:.3f} (no interval: a single sign)"
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"

    @classmethod
    def of(cls, value: Any) -> Self:
        """As a file holds it: an object, or in those of earlier versions the mean alone."""
        if isinstance(value, dict):
            return cls(**value)
        return cls(float(value), None, None)

    def in_percent(self) -> str:
        """Mean and interval in whole per cent: `98 % (96 to 100 %)`."""
        if self.low is None or self.high is None:
            return f"{self.mean:.0%}"
        return f"{self.mean:.0%} ({100 * self.low:.0f} to {self.high:.0%})"

    def within(self) -> str:
        """The interval in per cent: `96.1 % to 100.0 %`, or why there is none."""
        if self.low is None or self.high is None:
            return "none, as a single sign says nothing of others"
        return f"{self.low:.1%} to {self.high:.1%}"
