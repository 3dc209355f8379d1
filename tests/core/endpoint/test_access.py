"""Who is answered: whoever has the token; without one, this machine alone."""

import re

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from starlette.requests import Request

from core.endpoint import ROUTES
from core.endpoint.access import Access
from core.errors import Forbidden, Unauthorized
from core.records.hosts import origin_of
from core.services import Services
from tests.conftest import TestClient
from tests.support.door import app
from tests.support.expect import raises
from tests.support.images import blocks, saved

TOKEN = "s3cret/with=signs"
ASKS = "this endpoint asks for a token (SIGNWATCH_API_TOKEN), and "
HOW = "send it as `Authorization: Bearer <token>`, or as the AWS access key id"
PNG = {"Content-Type": "image/png"}
IMAGE = saved(blocks(), "PNG")
HERE, ELSEWHERE = "127.0.0.1", "203.0.113.9"


def request(client: str = HERE, **headers: str) -> Request:
    """A request as it arrives from an address."""
    given = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request({"type": "http", "client": (client, 40_000), "headers": given})


def check_access(asked: Request, token: str) -> None:
    Access(token).check_route(asked)


def asking(client: str = HERE, name: str = "http://localhost:8501") -> TestClient:
    return TestClient(app(), base_url=name, client=(client, 40_000))


def signed(access_key: str) -> dict[str, str]:
    """The headers of a request as boto3 signs it."""
    made = AWSRequest("POST", "http://signs.example.com/invocations", headers=dict(PNG), data=IMAGE)
    SigV4Auth(Credentials(access_key, "any"), "sagemaker", "us-east-1").add_auth(made)
    return dict(made.headers)


def refused(answer: httpx.Response, status: int, message: str, error: str) -> None:
    assert answer.json() == {"message": message, "error": error}
    assert answer.status_code == status
    code = {401: "UnrecognizedClientException", 403: "AccessDeniedException"}[status]
    assert answer.headers["x-amzn-errortype"] == code


@pytest.fixture
def with_token(environment: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Services:
    environment.setenv("SIGNWATCH_API_TOKEN", TOKEN)
    started: Services = request.getfixturevalue("signwatch")
    return started


# With a token

OTHERS = [
    "other",
    TOKEN[:-1],
    TOKEN[1:],
    f"{TOKEN}s",
    f"s{TOKEN}",
    f"{TOKEN}/{TOKEN}",
    TOKEN.upper(),
    TOKEN.partition("/")[0],
]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_with_the_token_anybody_is_answered(scheme: str) -> None:
    for name in ("signs.example.com", "["):
        asked = request(ELSEWHERE, authorization=f"{scheme} {TOKEN}", host=name, origin="null")
        check_access(asked, TOKEN)


@pytest.mark.parametrize("other", [*OTHERS, "", "s3cret/with=sign\xe9", f"{TOKEN} {TOKEN}"])
def test_another_token_is_refused(other: str) -> None:
    with raises(Unauthorized, f"{ASKS}another one came; {HOW}"):
        check_access(request(authorization=f"Bearer {other}"), TOKEN)


@pytest.mark.parametrize("other", OTHERS)
def test_another_access_key_is_refused(other: str) -> None:
    with raises(Unauthorized, f"{ASKS}another one came; {HOW}"):
        check_access(request(authorization=signed(other)["Authorization"]), TOKEN)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": TOKEN},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": f"Bearer{TOKEN}"},
        {"authorization": f"AWS4-HMAC-SHA256 Credential={TOKEN}"},
        {"x-api-key": TOKEN, "cookie": f"token={TOKEN}"},
    ],
)
def test_the_token_is_given_in_no_other_way(headers: dict[str, str]) -> None:
    with raises(Unauthorized, f"{ASKS}none came; {HOW}"):
        check_access(request(**headers), TOKEN)


def test_a_request_with_the_token_or_signed_with_it_is_served(with_token: Services) -> None:
    client = asking(ELSEWHERE, "http://signs.example.com")
    for headers in (PNG | {"Authorization": f"Bearer {TOKEN}"}, signed(TOKEN)):
        assert client.post("/invocations", content=IMAGE, headers=headers).status_code == 200


def test_every_route_but_ping_asks_for_the_token(with_token: Services) -> None:
    for route in ROUTES:
        for method in route.methods or ():
            answer = asking().request(method, re.sub(r"\{\w+\}", "any", route.path))
            if route.path == "/ping":
                assert answer.status_code == 200
            elif method == "HEAD":
                assert answer.status_code == 401
            else:
                refused(answer, 401, f"{ASKS}none came; {HOW}", "Unauthorized")
                assert answer.headers["www-authenticate"] == "Bearer"


def test_ping_answers_a_load_balancer(with_token: Services) -> None:
    assert asking(ELSEWHERE, "http://10.0.0.1").get("/ping").json() == {"status": "ok"}


# Without a token


@pytest.mark.parametrize(
    "client",
    [ELSEWHERE, "10.0.0.1", "192.168.1.127", "fe80::1", "::2", "0.0.0.0", "localhost", "unix"],
)
def test_without_a_token_only_this_machine_is_answered(client: str) -> None:
    with raises(
        Forbidden,
        f"only requests of this machine are answered, this one came from {client}; set "
        "SIGNWATCH_API_TOKEN to answer others",
    ):
        check_access(request(client, host="localhost"), "")


@pytest.mark.parametrize(
    ("client", "name"),
    [
        (HERE, "localhost:8501"),
        ("127.8.8.8", "127.0.0.1"),
        ("::1", "[::1]:8501"),
        (HERE, "signs.localhost"),
        (HERE, "LocalHost"),
    ],
)
def test_this_machine_goes_by_many_names(client: str, name: str) -> None:
    check_access(request(client, host=name), "")
    check_access(request(client, host=name, origin=f"http://{name}"), "")


def test_a_request_that_names_no_host_is_answered() -> None:
    check_access(request(), "")
    check_access(request(host=""), "")


NOT_LOCAL = [
    "evil.example.com",
    "evillocalhost",
    "localhost.evil.example.com",
    "localhostevil",
    "localhost.",
    "local",
    "127.0.0.1.evil.example.com",
    "127.1.evil.example.com",
    "1127.0.0.1",
    "10.0.0.1",
    "0.0.0.0",
    "signwatch",
]


@pytest.mark.parametrize("name", NOT_LOCAL)
def test_a_name_that_was_made_to_lead_here_is_refused(name: str) -> None:
    with raises(
        Forbidden,
        f"without a token only localhost is answered, the request names {name!r}; set "
        "SIGNWATCH_API_TOKEN to serve under that name",
    ):
        check_access(request(host=f"{name}:8501"), "")


@pytest.mark.parametrize(
    "origin",
    [
        *(f"https://{name}" for name in NOT_LOCAL),
        "http://localhost:3000",
        "https://localhost:8501",
        "http://127.0.0.1",
        "https://localhost@evil.example.com",
        "https://evil.example.com/localhost",
        "https://evil.example.com#.localhost",
        "null",
        "localhost",
        "",
    ],
)
def test_a_page_of_another_site_is_refused(origin: str) -> None:
    with raises(Forbidden, f"requests of pages of {origin or 'another site'} are not answered"):
        check_access(request(host="localhost", origin=origin), "")


@pytest.mark.parametrize("address", ["[", "]", "[::1", "[localhost]", "[127.0.0.1", "//", "@"])
def test_an_address_that_cannot_be_read_is_refused(address: str) -> None:
    for headers in ({"host": address}, {"host": "localhost", "origin": f"http://{address}"}):
        with pytest.raises(Forbidden):
            check_access(request(**headers), "")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_page_of_elsewhere_makes_a_browser_ask_is_refused(site: str) -> None:
    """An image or a script of another page carries no origin, but says where it is from."""
    asked = fetched("navigate", site)
    with raises(Forbidden, "requests of pages of another site are not answered"):
        check_access(asked, "")
    for near in ("same-origin", "none"):
        check_access(fetched("no-cors", near), "")


def test_two_hosts_are_none() -> None:
    twice = {"type": "http", "client": (HERE, 1), "headers": [(b"host", b"localhost")] * 2}
    for check in (Access().check_route, Access().check_page):
        with pytest.raises(Forbidden):
            check(Request(twice))


# Where pages ask for a sign-in


def test_where_pages_ask_for_a_sign_in_routes_ask_for_a_token() -> None:
    with raises(
        Unauthorized,
        f"where pages ask for a sign-in, routes ask for a token; set SIGNWATCH_API_TOKEN and {HOW}",
    ):
        Access(sign_in=True).check_route(request(host="localhost"))
    asked = request(authorization=f"Bearer {TOKEN}", host="any")
    Access(TOKEN, sign_in=True).check_route(asked)


# Pages

OUTSIDE = Access(
    hosts=frozenset({"signs.example.org", "10.0.0.7"}),
    origin=origin_of("https://signs.example.org"),
)


@pytest.mark.parametrize(
    "name",
    ["localhost:8501", "[::1]:8501", "Signs.Example.Org", "signs.example.org:8443", "10.0.0.7"],
)
def test_pages_are_opened_under_names_of_ours(name: str) -> None:
    OUTSIDE.check_page(request(ELSEWHERE, host=name))
    OUTSIDE.check_page(request(ELSEWHERE, host=name, origin=f"http://{name}"))


@pytest.mark.parametrize("name", ["evil.example:8501", "example.org", "a.signs.example.org", ""])
def test_pages_are_opened_under_no_other_name(name: str) -> None:
    with raises(
        Forbidden,
        f"this server does not go by the name {name.removesuffix(':8501')!r}; if it is yours, set "
        "SIGNWATCH_URL to the address that people open, or add the name to SIGNWATCH_HOSTS",
    ):
        OUTSIDE.check_page(request(host=name, origin=f"http://{name}", authorization=TOKEN))


def test_a_request_without_a_host_is_not_for_a_page() -> None:
    with pytest.raises(Forbidden, match="does not go by the name ''"):
        OUTSIDE.check_page(request())


def test_a_proxy_may_rewrite_the_host() -> None:
    OUTSIDE.check_page(request(host="127.0.0.1:8501", origin="https://signs.example.org"))


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "http://signs.example.org",
        "https://signs.example.org:3000",
        "https://10.0.0.7",
        "https://evil.example",
        "null",
    ],
)
def test_pages_of_other_origins_are_refused(origin: str) -> None:
    with raises(Forbidden, f"requests of pages of {origin} are not answered"):
        OUTSIDE.check_page(request(host="127.0.0.1:8501", origin=origin))


def fetched(mode: str, site: str) -> Request:
    """A request as a browser sends it for a page of that site."""
    given = {"host": "localhost", "sec-fetch-mode": mode, "sec-fetch-site": site}
    return request(HERE, **given)


def test_a_link_of_another_site_leads_to_a_page_and_nothing_else_does() -> None:
    OUTSIDE.check_page(fetched("navigate", "cross-site"))
    for mode in ("no-cors", "cors", "websocket"):
        with raises(Forbidden, "requests of pages of another site are not answered"):
            OUTSIDE.check_page(fetched(mode, "cross-site"))


def test_who_is_not_answered_changes_nothing(signwatch: Services) -> None:
    run = "/api/monitor/run"
    for answer in (
        asking(ELSEWHERE).post(run),
        asking(name="http://evil.example.com").post(run),
        asking().post(run, headers={"Origin": "https://evil.example.com"}),
    ):
        refused(answer, 403, answer.json()["message"], "Forbidden")
    assert signwatch.monitoring.executions(9) == []
    assert asking().post(run, headers={"Origin": "http://localhost:8501"}).status_code == 200
