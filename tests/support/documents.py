"""The project's documents: their text, code, headings and links."""

import re
from dataclasses import dataclass
from pathlib import Path

from core.settings import ROOT

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.M | re.S)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.M)


@dataclass(frozen=True)
class Link:
    """One link or image. words: its text, or the description of an image."""

    is_image: bool
    words: str
    target: str


@dataclass(frozen=True)
class Document:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        """Its path from the project's root."""
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text()

    @property
    def prose(self) -> str:
        """All of it but the blocks of code."""
        return FENCE.sub("", self.text)

    def blocks(self, *languages: str) -> list[str]:
        """Blocks of code in these languages; "" is a block that names none."""
        return [body for _, language, body in FENCE.findall(self.text) if language in languages]

    def words_in_code(self) -> list[str]:
        """What stands between backticks in the prose."""
        return CODE.findall(self.prose)

    def commands(self) -> list[str]:
        """Lines of blocks without a language, each with its continuations."""
        joined = "\n".join(self.blocks("")).replace("\\\n", " ")
        return [line.strip() for line in joined.splitlines() if line.strip()]

    def links(self) -> list[Link]:
        """Every link and image."""
        found = LINK.findall(CODE.sub("code", self.prose))
        return [Link(bool(mark), words, target) for mark, words, target in found]

    def anchors(self) -> set[str]:
        """What a link to a heading may name, as forges make it."""
        return {anchor(heading) for heading in HEADING.findall(self.prose)}


def anchor(heading: str) -> str:
    """`Who is answered?` -> `who-is-answered`."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


DOCUMENTS = [
    Document(path) for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
]
