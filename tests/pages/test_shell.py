"""The frame around the pages: navigation, titles, and that every page opens without data."""

import tomllib

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.testing.v1 import AppTest

from core.services import Services
from core.settings import ROOT
from tests.pages.conftest import SHELL, OpenPage
from tests.support.contrast import contrast
from tests.support.elements import values
from tests.support.traffic import everything

NAVIGATION = {
    "Watch": ["Overview", "Monitor", "Captures"],
    "Investigate": ["Triage", "Explain", "Tensors"],
    "Try out": ["Classify", "Attack", "Model"],
}
PAGES = [title for titles in NAVIGATION.values() for title in titles]


def test_the_overview_comes_first(signwatch: Services) -> None:
    at = AppTest.from_file(SHELL, default_timeout=60).run()
    assert not at.exception
    assert values(at.title) == ["Overview"]


def test_the_navigation_lists_every_page(open_page: OpenPage, messages: list[ForwardMsg]) -> None:
    open_page("overview")
    (navigation,) = [m.navigation for m in messages if m.HasField("navigation")]
    listed: dict[str, list[str]] = {}
    for page in navigation.app_pages:
        listed.setdefault(page.section_header, []).append(page.page_name)
    assert listed == NAVIGATION
    assert [page.page_name for page in navigation.app_pages if page.is_default] == ["Overview"]


@pytest.mark.parametrize("title", ["Overview", "Triage"])
def test_the_tab_says_which_page_it_is(
    open_page: OpenPage, messages: list[ForwardMsg], title: str
) -> None:
    open_page(title.lower())
    named = [m.page_config_changed.title for m in messages if m.HasField("page_config_changed")]
    assert [each for each in named if each][-1] == f"{title} - Signwatch"


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_theme_has_the_contrast_of_aa(mode: str) -> None:
    """Buttons write white on the primary colour."""
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"][mode]
    assert contrast("#ffffff", theme["primaryColor"]) >= 4.5
    written = ["textColor", "linkColor", "redTextColor", "orangeTextColor", "greenTextColor"]
    for name in written:
        for page in ("backgroundColor", "secondaryBackgroundColor"):
            assert contrast(theme[name], theme[page]) >= 4.5, (name, page)


def test_every_page_file_is_in_the_navigation() -> None:
    files = {path.stem for path in SHELL.parent.glob("[!_]*.py")} - {"shell"}
    assert files == {title.lower() for title in PAGES}


@pytest.mark.parametrize("title", PAGES)
def test_every_page_opens_under_its_title_with_nothing_in_the_log(
    title: str, open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page(title.lower())
    assert values(at.title) == [title]
    assert not at.error
    assert everything(signwatch) == []


def test_the_logo_stands_beside_every_page(open_page: OpenPage, messages: list[ForwardMsg]) -> None:
    open_page("model")
    assert [m.logo.image != "" for m in messages if m.HasField("logo")] == [True]
