"""Where a predicted class is found, and the message where it is not."""

import base64
import json

import numpy as np
import pytest

from core.capture.files.lines import Side
from core.capture.files.outputs import Answer, read_output
from core.errors import BadInput
from tests.support.expect import raises
from tests.support.npy import npy

NO_CLASS = "expected a class, a whole number of 0 to 2,147,483,647, got "


def read(data: str, encoding: str = "JSON") -> list[tuple]:
    return [tuple(answer) for answer in read_output(Side(None, data, encoding)).images]


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def classes(*class_ids: int) -> list[tuple]:
    return [tuple(Answer(class_id)) for class_id in class_ids]


ROW = (0.25, 0.5, 0.25)


@pytest.mark.parametrize(
    ("data", "encoding", "expected"),
    [
        ("[[14]]", "JSON", classes(14)),
        ("[[14], [2]]", "JSON", classes(14, 2)),
        ("[14]", "JSON", classes(14)),
        ("[14, 2]", "JSON", classes(14, 2)),
        (" 14 ", "JSON", classes(14)),
        ('"14"', "JSON", classes(14)),
        ('["14", "2"]', "JSON", classes(14, 2)),
        ("14.0", "JSON", classes(14)),
        ("[[2147483647]]", "JSON", classes(2**31 - 1)),
        ('{"class_id": 14}', "JSON", classes(14)),
        ('{"predicted_label": "14"}', "JSON", classes(14)),
        ('{"predicted_label": 3.0, "score": 0.5}', "JSON", [(3, 0.5, None)]),
        ('{"predicted_label": 3, "score": 17.5}', "JSON", classes(3)),
        ('{"score": 0.0126, "predicted_label": 0}', "JSON", [(0, 1 - 0.0126, None)]),
        ('{"score": 0.5, "predicted_label": 0.0}', "JSON", [(0, 0.5, None)]),
        ('{"score": 0.9, "predicted_label": 0}', "JSON", classes(0)),
        ('{"score": 0.9, "predicted_label": 1}', "JSON", [(1, 0.9, None)]),
        ('{"score": 0.2, "predicted_label": 1}', "JSON", [(1, 0.2, None)]),
        ('{"confidence": 0.9, "predicted_label": 0}', "JSON", [(0, 0.9, None)]),
        ('{"score": 0.9, "class_id": 0}', "JSON", [(0, 0.9, None)]),
        (
            '{"predictions": [{"score": 0.0126, "predicted_label": 0}]}',
            "JSON",
            [(0, 1 - 0.0126, None)],
        ),
        ('{"class_id": 14}\n{"class_id": 2}\n\n', "JSON", classes(14, 2)),
        (
            '{"predicted_label": 0, "score": 0.25}\r\n[[2]]',
            "CSV",
            [(0, 0.75, None), (2, None, None)],
        ),
        ("[0.25, 0.5, 0.25]\n[14]\n", "JSON", [(1, 0.5, ROW), (14, None, None)]),
        ('"14"\n"2"', "CSV", classes(14, 2)),
        (b64(b'{"class_id": 14}\n{"class_id": 2}'), "BASE64", classes(14, 2)),
        ('{\n  "class_id": 14\n}\n', "JSON", classes(14)),
        ('{"predicted_label": 2, "score": [0.25, 0.5, 0.25]}', "JSON", [(2, 0.25, ROW)]),
        ('{"predicted_label": 7, "score": [0.25, 0.5, 0.25]}', "JSON", classes(7)),
        ('{"probabilities": [0.25, 0.5, 0.25]}', "JSON", [(1, 0.5, ROW)]),
        (
            '{"predictions": [{"class_id": 14, "confidence": 0.75, "label": "Stop"}, '
            '{"class_id": 2, "confidence": 1}]}',
            "JSON",
            [(14, 0.75, None), (2, 1.0, None)],
        ),
        ('{"predictions": [[0.25, 0.5, 0.25]]}', "JSON", [(1, 0.5, ROW)]),
        ("[0.25, 0.5, 0.25]", "JSON", [(1, 0.5, ROW)]),
        ("[[0.25, 0.5, 0.25], [1, 0, 0]]", "JSON", [(1, 0.5, ROW), (0, 1.0, (1.0, 0.0, 0.0))]),
        ("14", "CSV", classes(14)),
        ("14\n2\r\n\n", "CSV", classes(14, 2)),
        ('"14"\n', "CSV", classes(14)),
        ("0.25,0.5,0.25\n", "CSV", [(1, 0.5, ROW)]),
        ("[[14]]", "CSV", classes(14)),
        (b64(b"[[14]]"), "BASE64", classes(14)),
        (b64(b"14\n2\n"), "BASE64", classes(14, 2)),
        (b64(npy(np.array([[14], [2]]))), "BASE64", classes(14, 2)),
        (b64(npy(np.array(14))), "BASE64", classes(14)),
        (b64(npy(np.array([ROW]))), "BASE64", [(1, 0.5, ROW)]),
    ],
)
def test_the_class_is_found(data: str, encoding: str, expected: list[tuple]) -> None:
    assert read(data, encoding) == expected


@pytest.mark.parametrize(
    ("data", "encoding", "problem"),
    [
        ("", "JSON", "the output holds 0 predictions; expected 1 to 10,000"),
        ("[]", "JSON", "the output holds 0 predictions; expected 1 to 10,000"),
        ("[[]]", "JSON", "expected probabilities that add up to 1, got [], which add up to 0"),
        ("{}", "JSON", "expected an object with class_id or predicted_label, got no keys"),
        (
            '{"class_id": 14}\n{"a": 1}',
            "JSON",
            "line 2 of the output: expected an object with class_id or predicted_label, got 'a'",
        ),
        (
            "[14]\n{",
            "JSON",
            "line 2 of the output: no JSON: Expecting property name enclosed in double quotes: "
            "line 1 column 2 (char 1)",
        ),
        ('{"a": 1}', "JSON", "expected an object with class_id or predicted_label, got 'a'"),
        ("[-1]", "JSON", f"{NO_CLASS}-1"),
        ("[2147483648]", "JSON", f"{NO_CLASS}2147483648"),
        ("[true]", "JSON", f"{NO_CLASS}True"),
        ("[null]", "JSON", f"{NO_CLASS}None"),
        ("[0.5]", "JSON", f"{NO_CLASS}0.5"),
        ("cat", "CSV", f"{NO_CLASS}'cat'"),
        ("NaN", "CSV", f"{NO_CLASS}'NaN'"),
        ("1e400", "CSV", f"{NO_CLASS}'1e400'"),
        ("²", "CSV", f"{NO_CLASS}'²'"),
        ("½", "CSV", f"{NO_CLASS}'½'"),
        ("1_4", "CSV", f"{NO_CLASS}'1_4'"),
        ('"1_4"', "JSON", f"{NO_CLASS}'1_4'"),
        (
            "0.2_5,0.75",
            "CSV",
            "expected a class or a row of probabilities, got ['0.2_5', '0.75']",
        ),
        ("9" * 5000, "CSV", f"{NO_CLASS}'{'9' * 59}"),
        ("[[NaN]]", "JSON", "no JSON: NaN is no number of JSON"),
        ("[[1e400]]", "JSON", "no JSON: the number 1e400 is too large"),
        (f"[[{'9' * 5000}]]", "JSON", "no JSON: an integer of 5,000 digits is too large"),
        ("[" * 100_000, "JSON", "JSON that is nested too deeply"),
        ("[[14]", "JSON", "no JSON: Expecting ',' delimiter: line 1 column 6 (char 5)"),
        (
            "[0.5, 0.9]",
            "JSON",
            "expected probabilities that add up to 1, got [0.5, 0.9], which add up to 1.4",
        ),
        (
            "[[0.5, 0.25]]",
            "JSON",
            "expected probabilities that add up to 1, got [0.5, 0.25], which add up to 0.75",
        ),
        ("[[1.5, -0.5]]", "JSON", "expected probabilities in 0..1, got [1.5, -0.5]"),
        ("[[0.5, null]]", "JSON", "expected probabilities in 0..1, got [0.5, None]"),
        ("a,b", "CSV", "expected a class or a row of probabilities, got ['a', 'b']"),
        ("nan,1", "CSV", "expected probabilities in 0..1, got [nan, 1.0]"),
        ("[1.0, 2]", "JSON", "expected probabilities in 0..1, got [1.0, 2]"),
        ("%", "BASE64", "the output is no base64: Only base64 data is allowed"),
        (b64(b"\xff"), "BASE64", "the output is neither text nor an array as np.save writes it"),
        (
            b64(npy(np.array(["a"]))),
            "BASE64",
            "the output is no array of predictions: expected "
            "numbers in at most two dimensions, got <U1 (1,) in 132 bytes",
        ),
        (
            json.dumps([[1]] * 10_001),
            "JSON",
            "the output holds 10,001 predictions; expected 1 to 10,000",
        ),
        ("1\n" * 10_001, "CSV", "the output holds 10,001 predictions; expected 1 to 10,000"),
    ],
)
def test_what_holds_no_class_has_its_reason(data: str, encoding: str, problem: str) -> None:
    with raises(BadInput, problem):
        read(data, encoding)


def test_an_array_that_is_larger_than_its_bytes_is_not_made() -> None:
    head = npy(np.zeros((1,), np.int64)).replace(b"(1,), }        ", b"(99999999,), } ")
    with raises(
        BadInput,
        "the output is no array of predictions: expected numbers in at most two dimensions, got "
        "int64 (99999999,) in 136 bytes",
    ):
        read(b64(head), "BASE64")
