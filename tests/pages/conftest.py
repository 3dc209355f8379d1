"""Pages without a browser: opened from the shell as a visitor would, over an empty log."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from core.services import Services

SHELL = Path(__file__).parents[2] / "pages" / "shell.py"
OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page(signwatch: Services) -> OpenPage:
    """Open a page by its file's name, in a new session; keywords become the query string."""

    def open_page(name: str, **query: str) -> AppTest:
        at = AppTest.from_file(SHELL, default_timeout=60).run()
        assert not at.exception
        return go_to(at, name, **query)

    return open_page


def go_to(at: AppTest, name: str, **query: str) -> AppTest:
    """Another page of the same session."""
    at.switch_page(f"{name}.py")
    at.query_params = dict(query)
    at.run()
    assert not at.exception
    return at


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[ForwardMsg]:
    """What the latest run sent to the browser, beside the elements that AppTest knows."""
    sent: list[ForwardMsg] = []
    read = LocalScriptRunner.forward_msgs

    def keep(runner: LocalScriptRunner) -> list[ForwardMsg]:
        sent[:] = read(runner)
        return sent

    monkeypatch.setattr(LocalScriptRunner, "forward_msgs", keep)
    return sent


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Callable[[], bytes]]]:
    """What stands behind the download buttons drawn so far: file name -> its bytes on a click."""
    behind: dict[str, Callable[[], bytes]] = {}
    add, add_deferred = MediaFileManager.add, MediaFileManager.add_deferred

    def keep(self: MediaFileManager, data: bytes | str, *args: Any, **options: Any) -> str:
        if options.get("is_for_static_download"):
            content = data.encode() if isinstance(data, str) else data
            behind[options["file_name"]] = lambda: content
        return add(self, data, *args, **options)

    def keep_deferred(
        self: MediaFileManager, make: Callable[[], bytes], *args: Any, **options: Any
    ) -> str:
        behind[options["file_name"]] = make
        return add_deferred(self, make, *args, **options)

    monkeypatch.setattr(MediaFileManager, "add", keep)
    monkeypatch.setattr(MediaFileManager, "add_deferred", keep_deferred)
    yield behind
