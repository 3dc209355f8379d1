"""Settings of the site that `make docs` builds with Sphinx.

The pages are plain Markdown that also reads well where it lies. What a site needs beyond that is
added here: its navigation, which is the list in index.md, and links that leave docs/ as text.
"""

import posixpath
import re

project = "Signwatch"
html_title = project
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
html_logo = "../data/logo.svg"

SECTION = re.compile(r"^## (.*?)$(.*?)(?=^## |\Z)", re.M | re.S)
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)[^)]*\)")


def navigation(index: str) -> str:
    """The links of each section of index.md, as a tree that Sphinx reads."""
    parts = []
    for title, text in SECTION.findall(index):
        pages = "\n".join(target for _, target in LINK.findall(text))
        parts.append(f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{pages}\n```\n")
    return "".join(parts)


def within(page: str, text: str) -> str:
    """The text of a page, with links to files outside docs/ as their words and path."""

    def shown(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), link[2]))
        return f"{link[1]} (`{path[3:]}`)" if path.startswith("../") else link[0]

    return LINK.sub(shown, text)


def setup(app) -> None:
    """Change pages as they are read."""

    def read(app, page: str, source: list[str]) -> None:
        source[0] = within(page, source[0])
        if page == "index":
            source[0] += navigation(source[0])

    app.connect("source-read", read)
