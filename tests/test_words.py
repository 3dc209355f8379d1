"""The check of words finds what it is for, and passes what it is not for."""

import pytest

from tests.support.words import hits, in_code, in_document, in_name, in_prose


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Closeup", ["closeup"]),
        ("make_closeup", ["closeup"]),
        ("right_class_of", ["right_class"]),
        ("RightClass", ["right_class"]),
        ("cancelled", []),
        ("frozen", []),
        ("image_sha256", []),
    ],
)
def test_names_are_taken_apart_at_underscores_and_capitals(name: str, found: list[str]) -> None:
    assert [word for word, _ in in_name(name)] == found


def test_prose_is_checked_and_code_in_it_is_not() -> None:
    text = "It was misread as `misread`; see https://example.org/pictures and a Picture."
    assert [(offset, word) for offset, word, _ in in_prose(text)] == [
        (7, "misread"),
        (68, "Picture"),
    ]


def test_lines_are_counted_in_code_and_in_documents() -> None:
    code = '"""One.\n\nTwo pictures."""\n\nseat = 1  # told\n'
    assert [(hit.line, hit.found) for hit in in_code("a.py", code)] == [
        (3, "pictures"),
        (5, "seat"),
        (5, "told"),
    ]
    document = "# One\n\n```\npicture\n```\n\nA journal.\n"
    assert [(hit.line, hit.found) for hit in in_document("a.md", document)] == [(7, "journal")]


def test_a_hit_says_where_and_what_is_better() -> None:
    (hit,) = in_document("docs/index.md", "a worklist")
    assert str(hit) == "docs/index.md:1: 'worklist' -> queue"


def test_the_project_has_its_words() -> None:
    assert [str(hit) for hit in hits()] == []
