"""`gtsrb:DIR`: the official data set through torchvision, downloaded if it is missing."""

from __future__ import annotations

from pathlib import Path

from torchvision.datasets import GTSRB

from core import datasets
from core.datasets import OFFICIAL, Dataset, Part
from core.errors import Unavailable

PREFIX = "gtsrb:"


def load_official(data: str, part: Part) -> Dataset:
    """Load a data set by name.

    Parameters
    ----------
    data
        A path as `datasets.load` takes it, or `gtsrb:DIR` for the official GTSRB. Only the latter
        downloads, and only what DIR lacks.
    part
        Of a GTSRB folder that has both.

    Raises
    ------
    Unavailable
        The download failed.
    NotFound, BadInput
        As `datasets.load` does.
    """
    if not data.startswith(PREFIX):
        return datasets.load(Path(data), part)
    root = Path(data.removeprefix(PREFIX))
    if not (root / "gtsrb" / OFFICIAL[part]).exists():
        try:
            GTSRB(str(root), split="train" if part == "training" else "test", download=True)
        except (OSError, RuntimeError) as error:
            raise Unavailable(
                f"GTSRB is not in {root} and could not be downloaded ({error}); put torchvision's "
                "`gtsrb` folder there, or try again with internet"
            ) from error
    return datasets.load_gtsrb(root, part)
