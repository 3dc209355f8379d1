"""A link that an alert carries survives the sign-in, and leads nowhere else."""

from collections.abc import Mapping
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from core.endpoint import Door
from core.endpoint.return_link import COOKIE
from core.services import Services
from tests.conftest import TestClient

LINK = "/monitor?execution=0b1c-22&a=%C3%A4%20b&next=//evil.example"


class SignIn:
    """Signed in with the cookie that `/oauth2callback` sets."""

    def configured(self) -> bool:
        return True

    def host(self) -> str | None:
        return None

    def signed_in(self, cookies: Mapping[str, str]) -> bool:
        return "user" in cookies


async def page(request: Request) -> Response:
    return PlainTextResponse(str(request.url.query))


async def callback(request: Request) -> Response:
    answer = RedirectResponse("/", 302)
    answer.set_cookie("user", "ada")
    return answer


@pytest.fixture
def browser(signwatch: Services) -> TestClient:
    routes = [Route(path, page) for path in ("/", "/monitor")]
    program = Starlette(
        routes=[*routes, Route("/oauth2callback", callback)],
        middleware=[Middleware(Door, [], pages=["/", "/monitor"], sign_in=SignIn())],
    )
    options: dict[str, Any] = {"base_url": "http://localhost", "follow_redirects": False}
    return TestClient(program, **options)


def test_a_link_is_followed_after_the_sign_in(browser: TestClient) -> None:
    kept = browser.get(LINK).headers["set-cookie"].lower()
    assert "httponly" in kept
    assert "samesite=lax" in kept
    answer = browser.get("/oauth2callback")
    assert answer.headers["location"] == LINK
    assert browser.cookies.get("user") == "ada"
    assert browser.cookies.get(COOKIE) is None
    assert browser.get("/oauth2callback").headers["location"] == "/"


def test_the_last_page_that_was_asked_for_counts(browser: TestClient) -> None:
    browser.get(LINK)
    browser.get("/")
    assert browser.get("/oauth2callback").headers["location"] == "/"


def test_who_is_signed_in_keeps_nothing(browser: TestClient) -> None:
    browser.cookies = {"user": "ada"}
    assert "set-cookie" not in browser.get(LINK).headers


@pytest.mark.parametrize(
    "address",
    [
        "https%3A%2F%2Fevil.example%2Fmonitor",
        "%2F%2Fevil.example",
        "%2F%2Fevil.example%3F%2Fmonitor",
        "%5C%5Cevil.example",
        "%2Fmonitor%2F..%2F..%2Fevil",
        "%2Fauth%2Flogout",
        "javascript%3Aalert(1)",
        "",
    ],
)
def test_a_link_leads_to_pages_alone(browser: TestClient, address: str) -> None:
    browser.cookies = {COOKIE: address}
    assert browser.get("/oauth2callback").headers["location"] == "/"


def test_a_link_stays_one_header(browser: TestClient) -> None:
    browser.cookies = {COOKIE: "%2Fmonitor%3Fa%3D%0D%0Aset-cookie%3A%20a%3Db"}
    answer = browser.get("/oauth2callback")
    assert answer.headers["location"] == "/monitor?a=%0D%0Aset-cookie:%20a=b"


def test_a_link_that_is_too_long_is_not_kept(browser: TestClient) -> None:
    assert "set-cookie" not in browser.get("/monitor?a=" + "b" * 3_000).headers
