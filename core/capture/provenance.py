"""Where an image came from, as its sender names it in the custom attributes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core.records.captures import (
    Provenance,
)
from core.records.names import DEFAULT_ENDPOINT
from core.records.window import now


@dataclass(frozen=True)
class RequestFacts:
    """What is known of a request besides its images."""

    endpoint: str = DEFAULT_ENDPOINT
    input_content_type: str = "image/png"
    output_content_type: str = "application/json"
    inference_id: str | None = None
    custom_attributes: str | None = None
    received_at: datetime = field(default_factory=now)


def parse_provenance(custom_attributes: str | None) -> Provenance:
    """Provenance from `key=value;key=value`; anything else in the attributes is left alone.

    Keys: source, label, attack, target, clean (SHA-256 of the clean image).

    Examples
    --------
    >>> parse_provenance("source=roadside;label=14").label
    14
    """
    pairs = dict(
        (part.strip().split("=", 1)) for part in (custom_attributes or "").split(";") if "=" in part
    )
    return Provenance(
        source=pairs.get("source"),
        label=_class_id(pairs.get("label")),
        attack=pairs.get("attack"),
        target=_class_id(pairs.get("target")),
        clean_sha256=pairs.get("clean"),
    )


def format_provenance(provenance: Provenance) -> str:
    """The custom attributes that `parse_provenance` reads back."""
    pairs = {
        "source": provenance.source,
        "label": provenance.label,
        "attack": provenance.attack,
        "target": provenance.target,
        "clean": provenance.clean_sha256,
    }
    return ";".join(f"{key}={value}" for key, value in pairs.items() if value is not None)


def _class_id(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) <= 3 else None
