"""Who is signed in, outside of a page's script: what the door asks of Streamlit."""

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from streamlit.auth_util import (
    get_cookie_with_chunks,
    get_origin_from_redirect_uri,
    get_secrets_auth_section,
)
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME


class StreamlitSignIn:
    """Streamlit's own sign-in, which keeps who is signed in in a signed cookie."""

    def configured(self) -> bool:
        """Whether .streamlit/secrets.toml names an identity provider."""
        return bool(get_secrets_auth_section())

    def host(self) -> str | None:
        """The host that the identity provider leads back to."""
        origin = get_origin_from_redirect_uri()
        return urlsplit(origin).hostname if origin else None

    def signed_in(self, cookies: Mapping[str, str]) -> bool:
        """Whether the cookie is signed by this server, for the address that it is signed in at."""

        def part(name: str) -> bytes | None:
            value = cookies.get(name, "")
            return decode_signed_value(get_cookie_secret(), name, value.encode("latin-1", "ignore"))

        found = get_cookie_with_chunks(part, USER_COOKIE_NAME)
        claims = json.loads(found) if found else {}
        return bool(claims.get("is_logged_in")) and (
            claims.get("origin") == get_origin_from_redirect_uri()
        )
