"""Who may do what: e-mail addresses and domains against what an identity provider says."""

import pytest

from core.errors import BadInput
from core.records.analysts import (
    LOCAL,
    OF_ANALYSTS,
    Analyst,
    Permission,
    Role,
    Roles,
    parse_analysts,
    parse_issuers,
    refusal,
)
from tests.support.expect import raises

ADA = {"name": "Ada Lovelace", "email": "Ada@Example.org", "email_verified": True}
ENTRA = "https://login.microsoftonline.com/3a1b/v2.0"
VIEWER, ANALYST, ADMINISTRATOR = Role


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


def test_issuers_stay_as_they_stand() -> None:
    assert parse_issuers(f"{ENTRA}, https://Sts.Windows.net/3a1b/") == (
        ENTRA,
        "https://Sts.Windows.net/3a1b/",
    )


@pytest.mark.parametrize(
    "word", ["login.microsoftonline.com", "ftp://a", "https://", "https://a?b"]
)
def test_what_is_no_issuer_is_refused(word: str) -> None:
    with raises(
        BadInput,
        "expected issuers as identity providers name themselves, like "
        f"https://login.microsoftonline.com/TENANT/v2.0, got {word!r}",
    ):
        parse_issuers(word)


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
    """Without administrators, analysts may do everything, as before there were roles."""
    role = ADMINISTRATOR if may else VIEWER
    found = Roles(allowed).signed_in(ADA)
    assert found == Analyst("Ada Lovelace <ada@example.org>", role)
    assert found.may_decide == may


@pytest.mark.parametrize(
    ("analysts", "administrators", "role"),
    [
        ((), (), ADMINISTRATOR),
        ((), ("bo@x.org",), ANALYST),
        ((), ("example.org",), ADMINISTRATOR),
        (("example.org",), ("bo@x.org",), ANALYST),
        (("bo@x.org",), ("example.org",), ADMINISTRATOR),  # an analyst too
        (("bo@x.org",), ("bo@x.org",), VIEWER),
    ],
)
def test_roles(analysts: tuple[str, ...], administrators: tuple[str, ...], role: Role) -> None:
    assert Roles(analysts, administrators).signed_in(ADA).role is role


@pytest.mark.parametrize("verified", [False, "false", "true", "True", 1, "yes", [True], None])
def test_only_true_verifies_an_address(verified: object) -> None:
    claims = ADA | {"email_verified": verified}
    assert Roles(("example.org",)).signed_in(claims).role is VIEWER
    assert Roles((), ("example.org",)).signed_in(claims).role is ANALYST
    assert Roles().signed_in(claims).role is ADMINISTRATOR  # no address is asked for


def test_an_address_without_the_claim_decides_nothing() -> None:
    claims = {"name": "Ada", "email": "ada@example.org", "iss": ENTRA}
    assert Roles(("example.org",)).signed_in(claims).role is VIEWER


@pytest.mark.parametrize(
    ("issuer", "role"),
    [
        (ENTRA, ADMINISTRATOR),
        (f"{ENTRA}/", VIEWER),
        (ENTRA.upper(), VIEWER),
        (ENTRA.replace("3a1b", "other"), VIEWER),
        (f"{ENTRA}.evil.example", VIEWER),
        (None, VIEWER),
        ([ENTRA], VIEWER),
    ],
)
def test_a_trusted_issuer_is_matched_to_the_letter(issuer: object, role: Role) -> None:
    roles = Roles(("example.org",), trusted_issuers=(ENTRA,))
    claims = {"email": "ada@example.org", "iss": issuer}
    assert roles.signed_in(claims).role is role
    assert roles.signed_in(claims | {"email_verified": False}).role is VIEWER


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
def test_whoever_has_no_verified_address_has_no_right_of_their_own(
    claims: dict[str, object], name: str
) -> None:
    assert Roles().signed_in(claims) == Analyst(name, ADMINISTRATOR)
    assert Roles(("example.org",)).signed_in(claims | {"email_verified": True}).role is (
        ADMINISTRATOR if "@" in name else VIEWER
    )


def test_the_domain_is_what_follows_the_last_at() -> None:
    claims = {"email": '"ada@example.org"@evil.org', "email_verified": True}
    assert Roles(("example.org",)).signed_in(claims).role is VIEWER
    assert Roles(("evil.org",)).signed_in(claims).role is ADMINISTRATOR


def test_a_role_has_what_the_one_below_it_has() -> None:
    of = {role: {each for each in Permission if Analyst("", role).may(each)} for role in Role}
    assert of == {VIEWER: set(), ANALYST: set(OF_ANALYSTS), ADMINISTRATOR: set(Permission)}
    assert Analyst("local", ADMINISTRATOR) == LOCAL


def test_a_refusal_names_the_setting() -> None:
    assert refusal(Permission.VERDICTS) == (
        "Only analysts may give verdicts. SIGNWATCH_ANALYSTS says who is one"
    )
    assert refusal(Permission.DRILLS) == (
        "Only administrators may start or cancel drills. SIGNWATCH_ADMINISTRATORS says who is one"
    )
