"""Every link, anchor and image of the documents leads somewhere."""

from pathlib import Path

import pytest

from core.settings import ROOT
from tests.support.documents import DOCUMENTS, Document, Link, anchor

LARGEST_IMAGE = 250_000  # bytes
INDEX = Document(ROOT / "docs" / "index.md")

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.name)


def file_of(document: Document, link: Link) -> Path:
    """The file that a link is to."""
    target = link.target.partition("#")[0]
    return (document.path.parent / target).resolve() if target else document.path


def within(document: Document) -> list[Link]:
    """Links to files of the project."""
    return [link for link in document.links() if "://" not in link.target]


@every_document
def test_links_lead_to_files(document: Document) -> None:
    missing = [link.target for link in within(document) if not file_of(document, link).is_file()]
    assert missing == []


@every_document
def test_anchors_are_headings(document: Document) -> None:
    missing = [
        link.target
        for link in within(document)
        if "#" in link.target
        and link.target.partition("#")[2] not in Document(file_of(document, link)).anchors()
    ]
    assert missing == []


@every_document
def test_headings_have_anchors_of_their_own(document: Document) -> None:
    if document.name == "CHANGELOG.md":
        return  # Added, Changed and Fixed come back in each version
    headings = [line for line in document.prose.splitlines() if line.startswith("#")]
    assert len(headings) == len(document.anchors())


@every_document
def test_images_are_small_and_described(document: Document) -> None:
    for link in within(document):
        if link.is_image:
            assert link.words
            assert file_of(document, link).stat().st_size <= LARGEST_IMAGE, link.target


def test_the_index_leads_to_every_page() -> None:
    linked = {file_of(INDEX, link) for link in within(INDEX)}
    pages = set((ROOT / "docs").rglob("*.md")) - {INDEX.path}
    assert pages - linked == set()


def test_the_readme_leads_to_every_page() -> None:
    readme = Document(ROOT / "README.md")
    linked = {file_of(readme, link) for link in within(readme)}
    assert set((ROOT / "docs").rglob("*.md")) - {INDEX.path} - linked == set()


def test_every_screenshot_is_shown() -> None:
    shown = {file_of(each, link) for each in DOCUMENTS for link in within(each) if link.is_image}
    assert set((ROOT / "docs" / "screenshots").iterdir()) - shown == set()


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_an_anchor_is_made_as_forges_make_it() -> None:
    assert anchor("Who is answered?") == "who-is-answered"
    assert anchor("`model import`, a_b") == "model-import-a_b"
