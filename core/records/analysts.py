"""Who is at the pages: by name where there is a sign-in, and what their role lets them change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.errors import BadInput

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_DOMAIN = re.compile(r"@?[^\s@.]+(\.[^\s@.]+)+")
_ISSUER = re.compile(r"https?://[^\s/?#]+[^\s?#]*")


class Permission(StrEnum):
    """Each thing that changes something, in words that follow `may`."""

    VERDICTS = "give verdicts"
    RUN_MONITOR = "run the monitor"
    TENSORS = "record tensors"
    MONITOR = "change how the monitor decides"
    BASELINES = "create, edit or choose baselines"
    SCHEDULES = "change schedules"
    ALERTS = "send test alerts"
    CAPTURE = "change what is captured"
    IMPORTS = "add captures, images or labels"
    TRAFFIC = "send requests to the endpoint"
    DRILLS = "start or cancel drills"


class Role(StrEnum):
    """What somebody may change: nothing, what an investigation needs, everything."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMINISTRATOR = "administrator"


OF_ANALYSTS = frozenset(
    {Permission.VERDICTS, Permission.RUN_MONITOR, Permission.TENSORS, Permission.TRAFFIC}
)
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset(),
    Role.ANALYST: OF_ANALYSTS,
    Role.ADMINISTRATOR: frozenset(Permission),
}


@dataclass(frozen=True)
class Analyst:
    """Somebody at the pages. name: as it stands beside their verdicts."""

    name: str
    role: Role = Role.ADMINISTRATOR

    def may(self, permission: Permission) -> bool:
        """Whether the role includes a permission."""
        return permission in PERMISSIONS[self.role]

    @property
    def may_decide(self) -> bool:
        """Whether verdicts are taken from them."""
        return self.may(Permission.VERDICTS)


LOCAL = Analyst("local")


def refusal(permission: Permission) -> str:
    """Who may do what the permission names, and which setting says so."""
    role = Role.ANALYST if permission in OF_ANALYSTS else Role.ADMINISTRATOR
    return f"Only {role}s may {permission}. SIGNWATCH_{role.upper()}S says who is one"


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


def parse_issuers(text: str) -> tuple[str, ...]:
    """Addresses of identity providers, as their `iss` claim has them; raises BadInput."""
    named = tuple(text.replace(",", " ").split())
    for each in named:
        if not _ISSUER.fullmatch(each):
            raise BadInput(
                "expected issuers as identity providers name themselves, like "
                f"https://login.microsoftonline.com/TENANT/v2.0, got {each!r}"
            )
    return named


@dataclass(frozen=True)
class Roles:
    """Who has which role: e-mail addresses and domains.

    Parameters
    ----------
    analysts
        Empty: everybody signed in.
    administrators
        They are analysts too. Empty: every analyst.
    trusted_issuers
        Identity providers whose addresses count without an `email_verified`, by their `iss`.
    """

    analysts: tuple[str, ...] = ()
    administrators: tuple[str, ...] = ()
    trusted_issuers: tuple[str, ...] = ()

    def signed_in(self, claims: Mapping[str, object]) -> Analyst:
        """The analyst whom an identity provider describes (claims of OpenID Connect).

        An address gives a right only if the provider says that it has verified it, with the value
        `true` and nothing like it, or is trusted and does not say that it has not.
        """
        email = str(claims.get("email") or "").strip().lower()
        called = str(claims.get("name") or claims.get("preferred_username") or "").strip()
        name = f"{called} <{email}>" if called and email else called or email or "without a name"
        known = {email, email.rpartition("@")[2]} if self._verified(claims) else set()
        return Analyst(name, self._role(known))

    def _role(self, known: set[str]) -> Role:
        """known: the address and its domain, if they count."""
        administrates = bool(known & set(self.administrators))
        if not administrates and self.analysts and not known & set(self.analysts):
            return Role.VIEWER
        return Role.ADMINISTRATOR if administrates or not self.administrators else Role.ANALYST

    def _verified(self, claims: Mapping[str, object]) -> bool:
        verified = claims.get("email_verified")
        if verified is None:
            return claims.get("iss") in self.trusted_issuers
        return verified is True
