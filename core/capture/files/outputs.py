"""The predicted classes in the answer of an endpoint, ours or any other."""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from core.capture.files.documents import parse_document
from core.capture.files.lines import Side
from core.errors import BadInput
from core.invocations import npy_header

MAX_IMAGES = 10_000
MAX_CLASS = 2**31 - 1
SHORT = 256  # characters; endpoints repeat their short answers
SUM_WITHIN = 0.01
NPY_MAGIC = b"\x93NUMPY"
CLASS_KEYS = ("class_id", "predicted_label")
SCORE_KEYS = ("confidence", "score", "probabilities")


class Answer(NamedTuple):
    """What was predicted for one image; None: not in the answer."""

    class_id: int | None
    confidence: float | None = None
    probabilities: tuple[float, ...] | None = None


class Answers(NamedTuple):
    """One answer an image. standard: the payload is `standard_output` of the classes."""

    images: tuple[Answer, ...]
    standard: bool


def standard_output(classes: Sequence[int | None]) -> str:
    """The output of an endpoint that answers with classes alone: `[[14]]`."""
    return json.dumps([[class_id] for class_id in classes])


def read_output(side: Side) -> Answers:
    """The predictions of one request; BadInput says why none is found.

    Read are classes (`[[14]]`, `[14]`, `14`, `"14"`), objects with `class_id` or
    `predicted_label`, alone or in `{"predictions": [...]}`, and probabilities, of which the
    largest is the class; as JSON, as JSON Lines or CSV (a line an image), as BASE64 of these or of
    an array.
    """
    return (_read_again if len(side.data) <= SHORT else _read)(side.data, side.encoding)


def _read(data: str, encoding: str) -> Answers:
    answers = tuple(_from_base64(data) if encoding == "BASE64" else _from_text(data))
    if not 0 < len(answers) <= MAX_IMAGES:
        raise BadInput(
            f"the output holds {len(answers):,} predictions; expected 1 to {MAX_IMAGES:,}"
        )
    standard = standard_output([answer.class_id for answer in answers])
    return Answers(answers, encoding == "JSON" and data == standard)


_read_again = lru_cache(maxsize=16_384)(_read)


def _from_text(text: str) -> list[Answer]:
    """JSON or JSON Lines, whatever the line calls it, where it looks like it; CSV otherwise."""
    if text.lstrip()[:1] not in ("[", "{", '"'):
        lines = [line for line in text.splitlines() if line.strip()]
        return [_from_row(line.split(",")) for line in lines[: MAX_IMAGES + 1]]
    try:
        document = parse_document(text)
    except BadInput:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2:
            raise
        return _from_lines(lines[: MAX_IMAGES + 1])
    return _from_document(document)


def _from_lines(lines: Sequence[str]) -> list[Answer]:
    """JSON Lines: a prediction each, or several."""
    answers: list[Answer] = []
    for number, line in enumerate(lines, start=1):
        try:
            answers += _from_document(parse_document(line))
        except BadInput as error:
            raise BadInput(f"line {number} of the output: {error}") from None
    return answers


def _from_base64(data: str) -> list[Answer]:
    try:
        content = base64.b64decode(data, validate=True)
    except ValueError as error:
        raise BadInput(f"the output is no base64: {error}") from None
    if content.startswith(NPY_MAGIC):
        return _from_document(_array(content))
    try:
        return _from_text(content.decode())
    except UnicodeDecodeError:
        raise BadInput("the output is neither text nor an array as np.save writes it") from None


def _array(content: bytes) -> Any:
    try:
        stream = io.BytesIO(content)
        shape, dtype = npy_header(stream)
        fits = math.prod(shape) * dtype.itemsize == len(content) - stream.tell()
        if dtype.kind not in "iuf" or len(shape) > 2 or not fits:
            raise ValueError(
                f"expected numbers in at most two dimensions, got {dtype} {shape} in "
                f"{len(content):,} bytes"
            )
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except Exception as error:  # noqa: BLE001
        # numpy hands the header to Python's parser: MemoryError, IndexError, TokenError, ...
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise BadInput(f"the output is no array of predictions: {reason}") from None
    return array.tolist()


def _from_document(document: Any) -> list[Answer]:
    if isinstance(document, dict) and isinstance(document.get("predictions"), list):
        document = document["predictions"]
        return [_entry(each) for each in _limited(document)]
    if not isinstance(document, list):
        return [_entry(document)]
    if len(document) > 1 and any(isinstance(each, float) for each in document):
        return [_probable(document)]
    return [_entry(each) for each in _limited(document)]


def _limited(entries: list[Any]) -> list[Any]:
    return entries[: MAX_IMAGES + 1]


def _entry(entry: Any) -> Answer:
    """The prediction for one image."""
    if isinstance(entry, dict):
        return _from_object(entry)
    if isinstance(entry, list):
        return Answer(_class(entry[0])) if len(entry) == 1 else _probable(entry)
    return Answer(_class(entry))


def _from_object(entry: dict[str, Any]) -> Answer:
    scores = [entry[key] for key in SCORE_KEYS if entry.get(key) is not None]
    rows = [score for score in scores if isinstance(score, list) and len(score) > 1]
    whole = _probable(rows[0]) if rows else None
    named = next((entry[key] for key in CLASS_KEYS if entry.get(key) is not None), None)
    if named is None:
        if whole is None:
            raise BadInput(
                f"expected an object with {' or '.join(CLASS_KEYS)}, got "
                f"{', '.join(map(repr, list(entry)[:5])) or 'no keys'}"
            )
        return whole
    class_id = _class(named)
    confidence = _confidence(entry, class_id)
    if whole is None or whole.probabilities is None or class_id >= len(whole.probabilities):
        return Answer(class_id, confidence)
    return Answer(class_id, whole.probabilities[class_id], whole.probabilities)


def _confidence(entry: dict[str, Any], class_id: int) -> float | None:
    """The confidence of the predicted class, where the answer has it as one number.

    The `score` beside a `predicted_label` of 0 or 1 is that of class 1, as SageMaker's binary
    classifiers answer; a score above one half for the label 0 may be of either, so it is none.
    """
    name = next((key for key in SCORE_KEYS if _is_share(entry.get(key))), None)
    if name is None:
        return None
    score = float(entry[name])
    if name == "score" and class_id == 0 and entry.get("class_id") is None:
        return None if score > 0.5 else 1 - score
    return score


def _from_row(texts: list[str]) -> Answer:
    if len(texts) == 1:
        return Answer(_class(texts[0]))
    try:
        return _probable([_float(text) for text in texts])
    except ValueError:
        raise BadInput(f"expected a class or a row of probabilities, got {_shown(texts)}") from None


def _class(value: Any) -> int:
    """A whole number that is not negative, or its text."""
    number = value
    if isinstance(value, str) and len(value.strip()) <= 20:
        text = value.strip().strip('"')
        try:
            number = int(text) if text.isdecimal() else _float(text)
        except ValueError:
            number = None
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if type(number) is not int or not 0 <= number <= MAX_CLASS:
        raise BadInput(
            f"expected a class, a whole number of 0 to {MAX_CLASS:,}, got {_shown(value)}"
        )
    return number


def _float(text: str) -> float:
    """A number, but for `1_4`, which is one to Python alone; ValueError."""
    if "_" in text:
        raise ValueError(f"{text} is no number")
    return float(text)


def _probable(row: list[Any]) -> Answer:
    """The class of the largest probability; BadInput for a row that holds none."""
    if not all(_is_share(value) for value in row):
        raise BadInput(f"expected probabilities in 0..1, got {_shown(row)}")
    total = math.fsum(row)
    if not row or abs(total - 1) > SUM_WITHIN:
        raise BadInput(
            f"expected probabilities that add up to 1, got {_shown(row)}, "
            f"which add up to {total:.4g}"
        )
    probabilities = tuple(map(float, row))
    confidence = max(probabilities)
    return Answer(probabilities.index(confidence), confidence, probabilities)


def _is_share(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1


def _shown(value: Any) -> str:
    if isinstance(value, list) and len(value) <= 5:
        return f"[{', '.join(map(_shown_item, value))}]"
    return f"{len(value):,} values" if isinstance(value, list) else _shown_item(value)


def _shown_item(value: Any) -> str:
    return type(value).__name__ if isinstance(value, dict | list) else repr(value)[:60]
