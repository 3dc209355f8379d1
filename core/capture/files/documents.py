"""Untrusted JSON text -> values. Every limit has its own reason."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from core.errors import BadInput

MAX_DIGITS = 400


def decode(line: bytes) -> dict[str, Any]:
    """The JSON object of a line; BadInput gives the reason why there is none."""
    try:
        record = _decoder.decode(line.decode())
        if b"\\ud" in line or b"\\uD" in line:
            json.dumps(record, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        bad = line[error.start]
        raise BadInput(f"no UTF-8: byte 0x{bad:02x} at position {error.start:,}") from None
    except UnicodeEncodeError:
        raise BadInput("half of a surrogate pair, which is no text") from None
    except RecursionError:
        raise BadInput("JSON that is nested too deeply") from None
    except ValueError as error:
        raise BadInput(f"no JSON: {error}") from None
    if not isinstance(record, dict):
        raise BadInput(f"expected a JSON object, got {type(record).__name__}")
    return record


def parse_document(text: str) -> Any:
    """The JSON value inside a payload, under the same limits; raises BadInput."""
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise BadInput("JSON that is nested too deeply") from None
    except ValueError as error:
        raise BadInput(f"no JSON: {error}") from None


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"an integer of {len(text):,} digits is too large")
    return int(text)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


_decoder = json.JSONDecoder(parse_float=_number, parse_int=_integer, parse_constant=_no_number)
