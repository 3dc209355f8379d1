"""The door before a real browser: other names, other origins, and what pages may load."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Attacked, NewPage
from tests.support.acts import PAGES, address, see_page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium")]
EVERY = (*PAGES, "Tensors")
# What a page of another site tries; each is answered in words.
WEBSOCKET = """
(url) => new Promise((done) => {
    const socket = new WebSocket(url, ["streamlit"]);
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
})
"""
IMAGE = """
(url) => new Promise((done) => {
    const image = new Image();
    image.onload = () => done("shown");
    image.onerror = () => done("refused");
    image.src = url;
})
"""
FETCH = """
async (url) => {
    try {
        const answer = await fetch(url);
        return answer.ok ? "read" : `${answer.status}`;
    } catch {
        return "refused";
    }
}
"""


class Empty(BaseHTTPRequestHandler):
    """A page of another site."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>other</title>")

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@contextmanager
def another_site() -> Iterator[int]:
    """A server of somebody else on this machine: its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Empty)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def image_of(page: Page, url: str) -> str:
    """The address of an image that a page shows."""
    page.goto(f"{url}/attack")
    see_page(page, "Attack")
    shown = page.locator("img[src*='/media/']").first
    expect(shown).to_be_visible()
    found = shown.evaluate("image => image.src")
    assert isinstance(found, str)
    return found


@pytest.fixture
def image(attacked: Attacked, new_page: NewPage) -> str:
    return image_of(new_page(), attacked.dashboard.url)


def test_a_name_that_was_made_to_lead_here_gets_nothing(
    attacked: Attacked, new_page: NewPage, image: str
) -> None:
    port = urlsplit(attacked.dashboard.url).port
    evil = f"http://evil.example:{port}"
    page = new_page()
    for title in EVERY:
        answer = page.goto(evil + address(title))
        assert answer is not None
        assert answer.status == 403
    assert "this server does not go by the name" in page.content()
    # Whoever answered there before has left a page that goes on asking.
    page.route(f"{evil}/left", lambda route: route.fulfill(body="", content_type="text/html"))
    page.goto(f"{evil}/left")
    assert page.evaluate(WEBSOCKET, f"ws://evil.example:{port}/_stcore/stream") == "refused"
    assert page.evaluate(IMAGE, evil + urlsplit(image).path) == "refused"
    assert page.evaluate(FETCH, evil + urlsplit(image).path) != "read"
    for path in ("/api/captures/export", "/metrics", "/_stcore/host-config", "/"):
        assert page.evaluate(FETCH, evil + path) != "read", path


@pytest.mark.parametrize("host", ["localhost", "evil.example"])
def test_a_page_of_another_origin_gets_nothing(
    attacked: Attacked, new_page: NewPage, image: str, host: str
) -> None:
    ours = attacked.dashboard.url.removeprefix("http://")
    page = new_page()
    with another_site() as port:
        page.goto(f"http://{host}:{port}/")
        for name in {ours, ours.replace("127.0.0.1", "localhost")}:
            assert page.evaluate(WEBSOCKET, f"ws://{name}/_stcore/stream") == "refused"
            assert page.evaluate(IMAGE, f"http://{name}{urlsplit(image).path}") == "refused"
            for path in ("/api/captures/export", "/api/baselines", "/"):
                assert page.evaluate(FETCH, f"http://{name}{path}") == "refused"


def test_the_icon_is_ours(attacked: Attacked, new_page: NewPage) -> None:
    page = new_page()
    page.goto(attacked.dashboard.url)
    see_page(page, "Overview")
    icon = page.locator("link[rel='shortcut icon']")
    expect(icon).to_have_attribute("href", re.compile("^data:image/svg"))
