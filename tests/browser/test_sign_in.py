"""Signed in through a real identity provider: a viewer changes nothing, and links survive."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Page, expect

from core.endpoint import ROUTES
from tests.browser.conftest import Dashboard, NewPage, running_dashboard
from tests.support.acts import PAGES, address, see_page
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium")]
TOKEN = "a-token-of-programs"
EVERY = (*PAGES, "Tensors")
UUID = "0b1c2d3e-0000-4000-8000-000000000000"
CLAIMS = {
    "ada": {"email": "ada@example.org", "email_verified": True},
    "bo": {"email": "bo@elsewhere.org", "email_verified": True},
    "eve": {"email": "ada@example.org"},  # says nothing of whether that is true
}


@contextmanager
def provider() -> Iterator[str]:
    """An identity provider that knows CLAIMS: its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://localhost:{port}"
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers() -> bool:
        assert process.poll() is None
        try:
            return httpx.get(f"{url}/.well-known/openid-configuration").is_success
        except httpx.HTTPError:
            return False

    try:
        until(answers, "the identity provider")
        for name, claims in CLAIMS.items():
            httpx.put(f"{url}/users/{name}", json=claims).raise_for_status()
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@dataclass(frozen=True)
class SignedIn:
    """A dashboard with a sign-in. url: where people open it."""

    dashboard: Dashboard
    url: str


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignedIn]:
    folder = tmp_path_factory.mktemp("signed_in")
    secrets = folder / "secrets.toml"
    settings = {
        "SIGNWATCH_ANALYSTS": "example.org",
        "SIGNWATCH_API_TOKEN": TOKEN,
        "STREAMLIT_SECRETS_FILES": str(secrets),
    }
    with provider() as issuer:
        write = SECRETS.format(issuer=issuer)
        secrets.write_text(write)
        with running_dashboard(folder, **settings) as running:
            yield SignedIn(running, running.url.replace("127.0.0.1", "localhost"))


SECRETS = """
[auth]
redirect_uri = "http://localhost:{{port}}/oauth2callback"
cookie_secret = "a long random text, as long as it should be"
client_id = "signwatch"
client_secret = "secret"
server_metadata_url = "{issuer}/.well-known/openid-configuration"
"""


def sign_in(page: Page, name: str) -> None:
    """From the page that asks for it, by the provider, back to where it was asked for."""
    page.get_by_role("button", name="Sign in").click()
    page.locator("input[name=sub][required]").fill(name)
    page.get_by_role("button", name="Authorize").click()


def test_a_link_of_an_alert_survives_the_sign_in(dashboard: SignedIn, new_page: NewPage) -> None:
    page = new_page()
    link = f"{dashboard.url}/monitor?execution={UUID}"
    page.goto(link)
    sign_in(page, "ada")
    see_page(page, "Monitor")
    expect(page).to_have_url(re.compile(r"/monitor(\?execution=.*)?$"))
    expect(page.get_by_text("ada@example.org")).to_be_visible()
    expect(page.get_by_role("button", name="Run now")).to_be_enabled()


@pytest.mark.parametrize("name", ["bo", "eve"])
def test_a_viewer_changes_nothing(dashboard: SignedIn, new_page: NewPage, name: str) -> None:
    page = new_page()
    page.goto(dashboard.url)
    sign_in(page, name)
    see_page(page, "Overview")
    expect(page.get_by_text("(view only)")).to_be_visible()
    before = state(dashboard)
    for title in EVERY:
        page.goto(dashboard.url + address(title))
        see_page(page, title)
        press_everything(page, title)
    assert state(dashboard) == before


def press_everything(page: Page, title: str) -> None:
    """Every control of a page that is enabled; what is behind it too."""
    main = page.get_by_test_id("stMain")
    for number in range(main.get_by_role("button").count()):
        button = main.get_by_role("button").nth(number)
        if button.count() and button.is_visible() and button.is_enabled():
            button.click()
            page.keyboard.press("Escape")
            see_page(page, title)


def state(dashboard: SignedIn) -> dict[str, object]:
    """What programs read of it, and how much is in it."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=dashboard.dashboard.url, headers=headers) as client:
        metrics = client.get("/metrics").text
        return {
            "baselines": client.get("/api/baselines").json(),
            "drills": client.get("/api/drills").json(),
            "captures": client.get("/api/captures/export").content,
            "config": client.get("/api/endpoints/signwatch/data-capture-config").json(),
            "counted": re.findall(r"signwatch_\w+_total\{.*endpoint=.*", metrics),
        }


def test_a_session_opens_no_route_and_no_foreign_file(
    dashboard: SignedIn, new_page: NewPage
) -> None:
    page = new_page()
    page.goto(dashboard.url)
    upload = f"{dashboard.url}/_stcore/upload_file/session/file"
    assert page.request.put(upload, multipart={"a": "b"}).status == 401
    assert page.request.get(f"{dashboard.url}/media/a.png").status == 401
    sign_in(page, "bo")
    see_page(page, "Overview")
    assert page.request.get(f"{dashboard.url}/media/a.png").status == 404
    for route in ROUTES:
        path = re.sub(r"\{\w+\}", "a", route.path)
        for method in route.methods or ():
            status = page.request.fetch(dashboard.url + path, method=method).status
            assert status == (200 if path == "/ping" else 401), path
