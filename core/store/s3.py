"""How DuckDB signs in at S3: what AWS's own variables and its credentials file say."""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import BadInput

FILE = "AWS_SHARED_CREDENTIALS_FILE"
# What DuckDB calls it -> what a credentials file calls it; in a variable, in capitals.
KEYS = {
    "KEY_ID": "aws_access_key_id",
    "SECRET": "aws_secret_access_key",
    "SESSION_TOKEN": "aws_session_token",
}


def options(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What DuckDB's secret for S3 is made of, read anew at each call.

    Parameters
    ----------
    environment
        `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`. Or, where one of both
        is set, the section `AWS_PROFILE` (`default`) of the file `AWS_SHARED_CREDENTIALS_FILE`
        (`~/.aws/credentials`). Beside them `AWS_REGION` or `AWS_DEFAULT_REGION`, and
        `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL` for another server than Amazon's.

    Returns
    -------
    dict
        DuckDB's name of each option -> its value; empty where there is no key, so that the secrets
        that DuckDB itself keeps stay in force.

    Raises
    ------
    BadInput
        Where the endpoint is no address, or the file none of credentials.

    Examples
    --------
    >>> options({"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-1"})
    {'KEY_ID': 'k', 'SECRET': 's', 'REGION': 'eu-west-1'}
    """
    found = _credentials(environment)
    if not found:
        return {}
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    return found | ({"REGION": region} if region else {}) | _endpoint(environment)


def _credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """What DuckDB is to sign in with; empty where nothing says so."""
    named = {option: environment.get(name.upper(), "") for option, name in KEYS.items()}
    if not named["KEY_ID"] and (environment.keys() & {FILE, "AWS_PROFILE"}):
        section = _section(environment)
        named = {option: section.get(name, "") for option, name in KEYS.items()}
    return {option: value for option, value in named.items() if value} if named["KEY_ID"] else {}


def _section(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The profile's section of the credentials file; empty where there is none."""
    path = Path(environment.get(FILE) or "~/.aws/credentials").expanduser()
    profile = environment.get("AWS_PROFILE") or "default"
    file = configparser.ConfigParser(default_section="", interpolation=None)
    try:
        file.read(path, encoding="utf-8")
    except (configparser.Error, OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{path} holds no AWS credentials ({type(error).__name__}): expected a section "
            f"[{profile}] with aws_access_key_id and aws_secret_access_key"
        ) from None
    return file[profile] if file.has_section(profile) else {}


def _endpoint(environment: Mapping[str, str]) -> dict[str, str]:
    url = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    if not url:
        return {}
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadInput(f"AWS_ENDPOINT_URL: expected http://host:port or https://host, got {url!r}")
    return {
        "ENDPOINT": parts.netloc + parts.path.rstrip("/"),
        "URL_STYLE": "path",
        "USE_SSL": str(parts.scheme == "https").lower(),
    }
