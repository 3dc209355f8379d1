"""`model.json`: what is known of a set of weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.errors import BadInput, NotFound

WEIGHTS_FILE = "model.safetensors"
MANIFEST_FILE = "model.json"


@dataclass(frozen=True)
class Manifest:
    """The description of a set of weights.

    architecture: a name of torchvision.models; input_size: side, in pixels, of the square that the
    network is given; mean, std: per channel, for pixels in [0, 1]; labels: names of the classes in
    order; temperature: logits are divided by it before the softmax; sha256: of the weights' file;
    calibration_sha256: of the calibration's file, empty where there is none or it is not known;
    recipe: how they were trained; figures: what was measured on them.
    """

    architecture: str
    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    labels: tuple[str, ...]
    temperature: float = 1.0
    sha256: str = ""
    calibration_sha256: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)

    def write(self, directory: Path) -> None:
        """Write model.json into `directory`."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        (directory / MANIFEST_FILE).write_text(text + "\n")

    @staticmethod
    def read(directory: Path) -> Manifest:
        """Read model.json; raises NotFound, or BadInput with the file and the field."""
        path = directory / MANIFEST_FILE
        if not path.is_file():
            raise NotFound(f"no model in {directory}: {MANIFEST_FILE} is missing")
        try:
            values = json.loads(path.read_text())
            for name in ("mean", "std", "labels"):
                values[name] = tuple(values[name])
            return Manifest(**values)
        except (ValueError, TypeError, KeyError) as error:
            raise BadInput(f"{path} is not a model manifest: {error}") from error


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
