"""Signwatch: dashboard pages and HTTP endpoint in one process. Start: streamlit run dashboard.py"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from core import client, services
from core.endpoint import ROUTES
from core.endpoint.connections import WatchedServer


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


app = st.App(
    Path(__file__).parent / "pages" / "shell.py",
    routes=ROUTES,
    lifespan=lifespan,
    middleware=[Middleware(WatchedServer)],
)
