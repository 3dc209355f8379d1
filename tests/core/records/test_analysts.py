"""Who may decide: e-mail addresses and domains against what an identity provider says."""

import pytest

from core.errors import BadInput
from core.records.analysts import Analyst, parse_analysts, signed_in
from tests.support.expect import raises

ADA = {"name": "Ada Lovelace", "email": "Ada@Example.org", "email_verified": True}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", ()),
        ("ada@example.org", ("ada@example.org",)),
        ("Ada@Example.org, @x.com\n a.x.net ", ("ada@example.org", "x.com", "a.x.net")),
    ],
)
def test_addresses_and_domains_are_read(text: str, named: tuple[str, ...]) -> None:
    assert parse_analysts(text) == named


@pytest.mark.parametrize("word", ["ada", "a@b@c", "@", "example."])
def test_what_is_neither_is_refused(word: str) -> None:
    with raises(
        BadInput,
        f"expected e-mail addresses like ada@example.org or domains like example.org, got {word!r}",
    ):
        parse_analysts(f"ada@example.org {word}")


@pytest.mark.parametrize(
    ("allowed", "may"),
    [
        ((), True),
        (("ada@example.org",), True),
        (("example.org",), True),
        (("bo@example.org",), False),
        (("other.org",), False),
        (("ample.org",), False),  # not the end of a domain, the domain
        (("da@example.org",), False),
        (("example.org.evil.org",), False),
        (("bo@example.org", "other.org", "example.org"), True),
    ],
)
def test_the_setting_says_who_may_decide(allowed: tuple[str, ...], may: bool) -> None:
    assert signed_in(ADA, allowed) == Analyst("Ada Lovelace <ada@example.org>", may)


@pytest.mark.parametrize("verified", [False, "false"])
def test_an_address_that_is_not_verified_gives_no_right(verified: object) -> None:
    claims = ADA | {"email_verified": verified}
    assert not signed_in(claims, ("example.org",)).may_decide
    assert signed_in(claims, ()).may_decide


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"email": "bo@example.org"}, "bo@example.org"),
        ({"name": "Bo"}, "Bo"),
        ({"preferred_username": "bo"}, "bo"),
        ({"name": "Bo", "preferred_username": "bo"}, "Bo"),
        ({"sub": "0815"}, "without a name"),
        ({"email": None, "name": None}, "without a name"),
    ],
)
def test_whoever_has_no_address_has_no_right_of_their_own(
    claims: dict[str, object], name: str
) -> None:
    assert signed_in(claims, ()) == Analyst(name, True)
    if "@" not in name:
        assert signed_in(claims, ("example.org",)) == Analyst(name, False)


def test_the_domain_is_what_follows_the_last_at() -> None:
    claims = {"email": '"ada@example.org"@evil.org', "email_verified": True}
    assert not signed_in(claims, ("example.org",)).may_decide
    assert signed_in(claims, ("evil.org",)).may_decide
