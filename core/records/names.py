"""Names of endpoints, and which are allowed."""

from __future__ import annotations

import re

from core.errors import BadInput

DEFAULT_ENDPOINT = "signwatch"
DEFAULT_VARIANT = "AllTraffic"

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")


def check_endpoint_name(name: str) -> str:
    """`name` if SageMaker would take it as an endpoint's name; BadInput otherwise."""
    return check_name(name, "endpoint name")


def parse_endpoints(text: str) -> tuple[str, ...]:
    """Names of endpoints, between commas or blanks; raises BadInput."""
    return tuple(check_endpoint_name(each) for each in text.replace(",", " ").split())


def check_name(name: str, what: str) -> str:
    """`name` if SageMaker would take it for what it names; BadInput otherwise."""
    if len(name) > 63 or not _NAME.fullmatch(name):
        raise BadInput(f"{what} must be 1 to 63 letters, digits and inner hyphens, got {name!r}")
    return name
