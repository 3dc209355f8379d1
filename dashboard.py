"""Signwatch: dashboard pages and HTTP endpoint in one process. Start: streamlit run dashboard.py"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from core import client, services
from core.endpoint import ROUTES, Door
from core.endpoint.connections import WatchedServer
from pages._shared.session import StreamlitSignIn


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Load the model, open the log and start the schedule before the first request."""
    signwatch = await run_in_threadpool(services.current)
    signwatch.start()
    url = client.url_of(st.get_option("server.address"), st.get_option("server.port"))
    client.leave_address(signwatch.settings.local, url)
    try:
        yield
    finally:
        client.remove_address(signwatch.settings.local)
        services.close_current()


PAGES = Path(__file__).parent / "pages"
ADDRESSES = (st.get_option("server.address"), st.get_option("browser.serverAddress"))
BASE = (st.get_option("server.baseUrlPath") or "").strip("/")

door = Middleware(
    Door,
    ROUTES,
    pages=["/", *(f"/{page.stem}" for page in PAGES.glob("*.py") if page.stem != "shell")],
    hosts=[address.lower() for address in ADDRESSES if address],
    sign_in=StreamlitSignIn(),
    base=f"/{BASE}" if BASE else "",
)
app = st.App(
    PAGES / "shell.py",
    routes=ROUTES,
    lifespan=lifespan,
    middleware=[Middleware(WatchedServer), door],
)
