"""A record as one .npz file: its tensors by name, its facts as JSON text under FACTS.

with np.load("record.npz") as file:
    gradient = file["gradient/image"]
    facts = json.loads(str(file["record"]))
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np

from core.records.tensors import Array, TensorRecord

FACTS = "record"


def to_npz(record: TensorRecord, values: Mapping[str, Array]) -> bytes:
    """The bytes of the file."""
    facts = json.dumps(asdict(record), default=_text)
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {FACTS: np.array(facts), **values}
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _text(value: object) -> str:
    assert isinstance(value, datetime)
    return value.isoformat()
