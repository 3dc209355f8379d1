"""Where an image came from: custom attributes, read and written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.capture.provenance import format_provenance, parse_provenance
from core.records.captures import Provenance

words = st.text(st.characters(codec="ascii", exclude_characters=";"), max_size=20)


stripped = words.map(str.strip)


provenances = st.builds(
    Provenance,
    source=st.none() | stripped,
    label=st.none() | st.integers(0, 999),
    attack=st.none() | stripped,
    target=st.none() | st.integers(0, 999),
    clean_sha256=st.none() | stripped,
)


@given(provenances)
def test_provenance_survives_the_custom_attributes(provenance: Provenance) -> None:
    assert parse_provenance(format_provenance(provenance)) == provenance


@given(st.none() | st.text())
def test_any_custom_attributes_give_some_provenance(text: str | None) -> None:
    parse_provenance(text)


@pytest.mark.parametrize(
    ("text", "provenance"),
    [
        (None, Provenance()),
        ("", Provenance()),
        ("trace-7", Provenance()),
        ("camera=4;lane=left", Provenance()),
        ("source=van; label=14 ;attack=pgd", Provenance("van", 14, "pgd")),
        ("source=a=b", Provenance("a=b")),
        ("label=-1;target=1000", Provenance()),
        ("label=x;target=", Provenance()),
        ("label=²;target=½", Provenance()),  # digits to isdigit and isnumeric, and not to int
        ("label=1_4;target=+1", Provenance()),
        ("label=014;target=0014", Provenance(label=14)),
        ("source=a;source=b", Provenance("b")),
        ("clean=00ff", Provenance(clean_sha256="00ff")),
    ],
)
def test_provenance_is_read_from_custom_attributes(
    text: str | None, provenance: Provenance
) -> None:
    assert parse_provenance(text) == provenance


def test_provenance_is_written_as_pairs() -> None:
    whole = Provenance("replay", 1, "deepfool", 14, "00ff")
    assert format_provenance(whole) == "source=replay;label=1;attack=deepfool;target=14;clean=00ff"
    assert format_provenance(Provenance(label=0)) == "label=0"
    assert format_provenance(Provenance()) == ""
