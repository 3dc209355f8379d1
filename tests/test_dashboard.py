"""The program from its start to its end: what is begun, and what is left behind."""

import asyncio

import pytest

import dashboard
from core import client, services


def test_it_works_and_is_found_as_long_as_it_runs(environment: pytest.MonkeyPatch) -> None:
    async def run() -> services.Services:
        async with dashboard.lifespan(dashboard.app):
            running = services.current()
            assert client.left_address(running.settings.local) == "http://127.0.0.1:8501"
            assert len(running._repeating) == 3
            assert all(each._thread.is_alive() for each in running._repeating)
        return running

    ended = asyncio.run(run())
    assert client.left_address(ended.settings.local) is None
    assert not any(each._thread.is_alive() for each in ended._repeating)
    assert ended is not services.current()
    services.close_current()
