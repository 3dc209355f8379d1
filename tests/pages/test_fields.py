"""Fields that several pages offer."""

from pages._shared.fields import distinct


def test_equal_texts_are_numbered_from_the_last() -> None:
    texts = {"d": "noon", "c": "one", "b": "noon", "a": "noon"}
    assert distinct(texts) == {"d": "noon (3)", "c": "one", "b": "noon (2)", "a": "noon"}
    assert list(distinct(texts)) == ["d", "c", "b", "a"]


def test_what_comes_before_leaves_the_others_as_they_are() -> None:
    known = {"b": "noon", "a": "noon"}
    assert distinct({"c": "noon", **known}) == {"c": "noon (3)", **distinct(known)}
