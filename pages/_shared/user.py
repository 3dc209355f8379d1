"""Who is at the pages, signed in where sign-in is configured, and what they may change."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import streamlit as st

from core import services
from core.records.analysts import LOCAL, Analyst, Permission, Role, refusal
from core.records.plain_text import plain, short
from core.services import Services

ROLES = {Role.VIEWER: " (view only)", Role.ANALYST: " (analyst)"}
HOW_TO = "docs/guides/sign-in.md says how to set it up."


def configured() -> bool:
    """Whether .streamlit/secrets.toml names an identity provider."""
    return "is_logged_in" in st.user


def analyst() -> Analyst:
    """Who is at this page."""
    if not configured():
        return LOCAL
    return services.current().triage.analyst(st.user.to_dict())


def current() -> Services:
    """The process's services, which from now on act for who is at this page."""
    services.act_as(analyst())
    return services.current()


def control(
    permission: Permission, *, disabled: bool = False, help: str | None = None
) -> dict[str, Any]:
    """Keywords of a control that changes something: off, with the reason, for who may not."""
    if analyst().may(permission):
        return {"disabled": disabled, "help": help}
    return {"disabled": True, "help": f"{refusal(permission)}."}


def require() -> None:
    """Where sign-in is configured, stop whoever is not signed in at a page that offers it."""
    if not configured() or st.user.is_logged_in:
        return
    st.title("Signwatch")
    if find_spec("authlib") is None:
        st.error(
            "Sign-in is configured in `.streamlit/secrets.toml`, but Authlib is not installed, and "
            "Streamlit needs it. Run `.venv/bin/pip install 'streamlit[auth]'` and restart. Nobody "
            f"can sign in until then. {HOW_TO}",
            icon=":material/lock:",
            title="Sign-in does not work",
        )
        st.stop()
    st.markdown("Captured traffic and verdicts are for those who are signed in.")
    for provider in _providers():
        label = f"Sign in with {plain(provider)}" if provider else "Sign in"
        if st.button(label, type="primary", icon=":material/login:"):
            st.login(provider)
    st.stop()


def _providers() -> list[str | None]:
    """Names of the identity providers that are configured; None: the one without a name."""
    section = st.secrets.get("auth", {})
    named = [
        name
        for name, value in section.items()
        if isinstance(value, Mapping) and "client_id" in value
    ]
    return [None, *named] if "client_id" in section or not named else named


def show() -> None:
    """Name and way out, in the sidebar, where sign-in is configured."""
    if not configured():
        return
    someone = analyst()
    with st.sidebar, st.container(horizontal=True, vertical_alignment="center"):
        name = plain(short(someone.name))
        st.caption(name + ROLES.get(someone.role, ""), width="stretch")
        if st.button("", icon=":material/logout:", type="tertiary", help="Sign out"):
            st.logout()
