"""What a request for predictions is answered with."""

from __future__ import annotations

from dataclasses import dataclass

from core.records.captures import Prediction


@dataclass(frozen=True)
class Answer:
    """One prediction an image, in the order sent; capture ids are None where not sampled."""

    predictions: tuple[Prediction, ...]
    capture_ids: tuple[str | None, ...]
