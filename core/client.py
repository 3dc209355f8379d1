"""Calls to the running dashboard, found by the address that it leaves in the local folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from core.errors import SignwatchError, Unavailable, of_status
from core.settings import Settings

ADDRESS_FILE = "address.json"


def url_of(address: str | None, port: int) -> str:
    """Where this machine reaches a server that listens on this address; on all of them without."""
    everywhere = address in (None, "", "0.0.0.0", "::")  # noqa: S104
    return f"http://{'127.0.0.1' if everywhere else address}:{port}"


def leave_address(local: Path, url: str) -> None:
    """Write the address of this process into its local folder."""
    local.mkdir(parents=True, exist_ok=True)
    (local / ADDRESS_FILE).write_text(json.dumps({"url": url, "pid": os.getpid()}) + "\n")


def remove_address(local: Path) -> None:
    """Remove the address, unless a later process has replaced it."""
    if _left(local).get("pid") == os.getpid():
        (local / ADDRESS_FILE).unlink()


def left_address(local: Path) -> str | None:
    """The address in this local folder, even if its process has ended; None if there is none."""
    url = _left(local).get("url")
    return url if isinstance(url, str) else None


def _left(local: Path) -> dict[str, Any]:
    """What stands in the address file; nothing where it is missing or damaged."""
    try:
        found = json.loads((local / ADDRESS_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def find(local: Path) -> str | None:
    """The address of the dashboard that runs over this local folder; None if there is none."""
    url = left_address(local)
    if url is not None:
        try:
            httpx.get(f"{url}/ping", timeout=10)
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
    return url


def post(url: str, path: str, options: dict[str, Any]) -> dict[str, Any]:
    """POST JSON; errors are raised as the class that the dashboard raised."""
    answer = _checked(
        lambda: httpx.post(f"{url}{path}", json=options, headers=token_headers(), timeout=600)
    )
    document: dict[str, Any] = answer.json()
    return document


def read(url: str, path: str) -> dict[str, Any]:
    """GET JSON; raises as `post` does."""
    document: dict[str, Any] = json.loads(download(url, path))
    return document


def delete(url: str, path: str) -> None:
    """DELETE; raises as `post` does."""
    _checked(lambda: httpx.delete(f"{url}{path}", headers=token_headers(), timeout=600))


def send(url: str, path: str, content: bytes) -> dict[str, Any]:
    """POST bytes, answered with JSON; raises as `post` does."""
    answer = _checked(
        lambda: httpx.post(f"{url}{path}", content=content, headers=token_headers(), timeout=600)
    )
    document: dict[str, Any] = answer.json()
    return document


def stream(url: str, path: str, options: dict[str, Any]) -> Iterator[bytes]:
    """GET bytes as they arrive; raises as `post` does."""
    try:
        with httpx.stream(
            "GET", f"{url}{path}", params=options, headers=token_headers(), timeout=600
        ) as answer:
            if answer.is_error:
                answer.read()
                raise error_of(answer)
            yield from answer.iter_bytes()
    except httpx.HTTPError as error:
        raise Unavailable(f"the running dashboard does not answer: {error}") from error


def download(url: str, path: str) -> bytes:
    """GET bytes; raises as `post` does."""
    return _checked(lambda: httpx.get(f"{url}{path}", headers=token_headers(), timeout=600)).content


def token_headers() -> dict[str, str]:
    """The headers that carry SIGNWATCH_API_TOKEN; none if it is not set."""
    token = Settings.from_environment().api_token
    return {"Authorization": f"Bearer {token}"} if token else {}


def _checked(call: Any) -> httpx.Response:
    try:
        answer: httpx.Response = call()
    except httpx.HTTPError as error:
        raise Unavailable(f"the running dashboard does not answer: {error}") from error
    if answer.is_error:
        raise error_of(answer)
    return answer


def error_of(answer: httpx.Response) -> SignwatchError:
    """The error that an answer of status 4xx or 5xx carries, of the class that was raised."""
    try:
        message = str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        message = f"{answer.request.url} answered {answer.status_code}: {answer.text[:200]}"
    return of_status(answer.status_code)(message)
