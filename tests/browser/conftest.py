"""The real server in its own process, and a real browser before it."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.compiled import share_compiled
from tests.support.requirements import require
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
BROWSER_SECONDS = 60
REPLAYED = 40
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP evil.example 127.0.0.1",  # a name that was made to lead here
]


@dataclass(frozen=True)
class Dashboard:
    """A dashboard that runs. local: its run-time folder; output: what it printed."""

    url: str
    local: Path
    output: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`python -m core ...` beside it, as a person would type it."""
        return subprocess.run(
            [sys.executable, "-m", "core", *arguments],
            cwd=ROOT,
            env=environment(self.local),
            capture_output=True,
            text=True,
            timeout=300,
        )


def environment(local: Path) -> dict[str, str]:
    """Defaults in everything but the run-time folder (and the model, to try another one)."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SIGNWATCH_", "STREAMLIT_")) or name == "SIGNWATCH_MODEL"
    }
    return kept | {"SIGNWATCH_LOCAL": str(local), "OMP_NUM_THREADS": "1"}


@contextmanager
def running_dashboard(folder: Path, **settings: str) -> Iterator[Dashboard]:
    """`streamlit run dashboard.py` on a free port, over a new log in `folder`.

    settings: variables beside the defaults.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    dashboard = Dashboard(f"http://127.0.0.1:{port}", folder / "local", folder / "output.txt")
    share_compiled(dashboard.local)
    command = [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.port", str(port)]
    with dashboard.output.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(dashboard.local) | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def answers() -> bool:
        assert process.poll() is None, f"the server ended:\n{dashboard.output.read_text()}"
        try:
            return httpx.get(f"{dashboard.url}/ping").status_code == 200
        except httpx.HTTPError:
            return False

    try:
        until(answers, f"/ping of the server; it printed into {dashboard.output}")
        yield dashboard
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            pytest.fail("the server did not end within 30 s of SIGTERM")
    printed = dashboard.output.read_text()
    assert "Traceback" not in printed, printed
    assert not (dashboard.local / "address.json").exists()


@pytest.fixture
def fresh_dashboard(tmp_path: Path) -> Iterator[Dashboard]:
    """A dashboard of the test's own, with nothing in its log."""
    with running_dashboard(tmp_path) as running:
        yield running


@dataclass(frozen=True)
class Attacked:
    """A dashboard through which the commands sent traffic; every field is a finished command."""

    dashboard: Dashboard
    replay_clean: subprocess.CompletedProcess[str]
    monitor_clean: subprocess.CompletedProcess[str]
    replay_attacked: subprocess.CompletedProcess[str]
    monitor_attacked: subprocess.CompletedProcess[str]


@pytest.fixture(scope="package")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """Clean traffic and a run over it; attacked traffic and a run over that."""
    with running_dashboard(tmp_path_factory.mktemp("attacked")) as dashboard:
        replay = ["replay", "--data", "data/samples", "--count", str(REPLAYED), "--json"]
        attack = ["--attack", "deepfool", "--target", "14", "--share", "0.8"]
        clean = dashboard.run(*replay)
        monitor_clean = dashboard.run("monitor", "run", "--json", *window(clean))
        attacked = dashboard.run(*replay, *attack)
        monitor_attacked = dashboard.run("monitor", "run", "--json", *window(attacked))
        yield Attacked(dashboard, clean, monitor_clean, attacked, monitor_attacked)


def window(replayed: subprocess.CompletedProcess[str]) -> list[str]:
    """The options that let the monitor look at just what was replayed."""
    assert replayed.returncode == 0, replayed.stderr
    report = json.loads(replayed.stdout)
    return ["--since", report["since"], "--until", report["until"]]


# Playwright keeps an event loop running in this thread: gone again before other packages' tests.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The machine's Chromium, without a window."""
    program = shutil.which("chromium")
    require(program, "there is no chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


NewPage = Callable[..., Page]


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[NewPage]:
    """A tab of a visitor of its own; keywords are those of Playwright's contexts."""
    pages: list[Page] = []
    broken: list[str] = []

    def new_page(**options: object) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1400, "height": 1000}} | options)
        context.set_default_timeout(BROWSER_SECONDS * 1000)
        page = context.new_page()
        page.on("pageerror", lambda error: broken.append(f"{page.url}: {error}"))
        pages.append(page)
        return page

    expect.set_options(timeout=BROWSER_SECONDS * 1000)
    yield new_page
    for page in pages:
        page.context.close()
    assert broken == []


@contextmanager
def with_image(folder: Path, *pages: Page) -> Iterator[None]:
    """If the block fails, a screenshot of every page is taken and named in the message."""
    try:
        yield
    except Exception as error:
        files = []
        for number, page in enumerate(pages, start=1):
            files.append(str(folder / f"failed_{number}.png"))
            page.screenshot(path=files[-1], full_page=True)
        raise AssertionError(f"{error}\nscreenshots: {', '.join(files)}") from error
