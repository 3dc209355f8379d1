"""Who works in triage: by name where there is a sign-in, and who of them may decide."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import BadInput

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_DOMAIN = re.compile(r"@?[^\s@.]+(\.[^\s@.]+)+")


@dataclass(frozen=True)
class Analyst:
    """Somebody at the pages. name: as it stands beside their verdicts."""

    name: str
    may_decide: bool = True


LOCAL = Analyst("local")


def parse_analysts(text: str) -> tuple[str, ...]:
    """E-mail addresses and domains, between commas or blanks, in small letters; raises BadInput."""
    named = tuple(text.lower().replace(",", " ").split())
    for each in named:
        if not (_ADDRESS.fullmatch(each) or _DOMAIN.fullmatch(each)):
            raise BadInput(
                f"expected e-mail addresses like ada@example.org or domains like example.org, "
                f"got {each!r}"
            )
    return tuple(each.removeprefix("@") for each in named)


def signed_in(claims: Mapping[str, object], allowed: tuple[str, ...]) -> Analyst:
    """The analyst whom an identity provider describes (claims of OpenID Connect).

    allowed: addresses and domains that may decide; empty: everybody may. An address that the
    provider says it has not verified gives no right.
    """
    email = str(claims.get("email") or "").strip().lower()
    called = str(claims.get("name") or claims.get("preferred_username") or "").strip()
    name = f"{called} <{email}>" if called and email else called or email or "without a name"
    verified = claims.get("email_verified") not in (False, "false")
    domain = email.rpartition("@")[2]
    return Analyst(name, not allowed or (verified and bool({email, domain} & set(allowed))))
