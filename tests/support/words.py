"""The project's words: one word for one thing, checked in names and in prose.

`python -m tests.support.words` lists every place that uses a replaced word, and exits with 1 if
there is one.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("core/**/*.py", "pages/**/*.py", "tests/**/*.py", "docs/**/*.py", "dashboard.py")
TEXTS = ("*.md", "docs/**/*.md", "data/**/*.md")

# In prose (comments, docstrings, messages, documents): what stands there -> what takes its place.
PROSE = {
    r"read(s)? as\b": "predicted as",
    r"took for|taken for": "predicted as",
    r"misread(s|ing|ings)?": "misclassified",
    r"right class(es)?": "true class",
    r"right after all": "false positive (of the flag)",
    r"pictures?": "image",
    r"executions?": "run (of the monitor)",
    r"alarm line": "alarm threshold",
    r"evidence": "e-value",
    r"too often": "more frequent than in the baseline",
    r"usual(ly)?|unusual(ly)?": "expected",
    r"told|telling of|tells? of": "reported, notified, sent",
    r"said|unsaid": "reported, written",
    r"desks?|sittings?|seats?": "triage session",
    r"photographers?|close ?-?ups?|close looks?": "context",
    r"looks? alike|look like it": "similar, near-duplicate",
    r"work ?lists?": "queue",
    r"journals?": "execution log",
    r"twins?|swift": "fast (folded) network",
    r"cells?": "bins",
    r"observers?|altered|strange(ness)?|oddness": "features, transforms, scores",
    r"crafted|rehears(e|es|ed|al)": "adversarial example; mixed traffic",
    r"what if|would have happened": "backtest",
    r"what decides": "constraints",
    r"by itself|by themselves": "automatic",
    r"more seldom": "less often",
}
# In names, between underscores and capitals.
NAMES = {
    "picture pictures": "image",
    "misread": "misclassified",
    "desk sitting seat seats": "session",
    "photographer closeup closeups photograph": "context",
    "worklist": "queue",
    "journal": "log",
    "twin twins swift": "fast",
    "cell cells": "bins",
    "observer altered alter alterations strange strangeness": "features, transforms, scores",
    "craft crafted crafts": "adversarial",
    "told said untold": "reported",
    "usual unusual": "expected",
    "rehearsal": "mixed traffic",
    "what_if": "backtest",
    "read_as": "predicted",
    "right_class": "true_class",
}


@dataclass(frozen=True)
class Allowed:
    """Where a word is right. path: a pattern of the file's name; found: the word as it stands."""

    path: str
    found: str
    why: str


ALLOWED = (
    Allowed("tests/*words.py", "*", "the list itself and its tests"),
    Allowed("core/store/*.py", "seat", "a column of the log"),
    Allowed("core/records/verdicts.py", "right after all", "a value in the log and in addresses"),
    Allowed("*zip.py", "pictures", "a folder of the ZIP"),
    Allowed("tests/*/test_captures.py", "pictures", "a folder of the ZIP"),
    Allowed("tests/pages/test_captures.py", "cells", "a key of Streamlit's selection"),
    Allowed("tests/*", "right after all", "a value in the log and in addresses"),
    Allowed("pages/_triage/around.py", "execution", "a parameter of the Monitor page's address"),
    Allowed("CHANGELOG.md", "*", "what was written before stays as it was"),
    Allowed("pages/_attack/link.py", "picture", "the parameter of an address"),
    Allowed("tests/pages/test_attack*", "picture", "the parameter of an address"),
    Allowed("tests/pages/test_attack*", "pictures", "a field of manifest.json"),
    Allowed("tests/core/attacks/test_export.py", "misread", "a field of manifest.json"),
    Allowed("*core/attacks/*export.py", "pictures", "a field of manifest.json"),
    Allowed("tests/core/cli/test_images.py", "pictures", "a field of manifest.json"),
    Allowed("tests/pages/test_live_traffic.py", "execution", "the parameter of an alert's link"),
    Allowed("tests/support/elements.py", "cells", "a key of Streamlit's selection"),
    Allowed("pages/_monitor/execution.py", "execution", "a parameter of the page's address"),
    Allowed("tests/pages/test_monitor.py", "execution", "a parameter of the page's address"),
    Allowed("*/drift/*state.py", "cell", "a key of the detector's state in the log"),
    Allowed("*/drift/*state.py", "evidence", "a key of the detector's state in the log"),
    Allowed("*/drift/*state.py", "told", "a key of the detector's state in the log"),
    Allowed("core/store/drift.py", "evidence", "a column of the log"),
    Allowed("core/store/schema.py", "evidence", "a column of the log"),
    Allowed("tests/core/services/test_permissions.py", "execution*", "methods of Monitoring"),
    Allowed("tests/core/endpoint/test_not_found.py", "executions", "a key of the bucket"),
    Allowed("tests/core/store/test_log.py", "execution*", "methods of CaptureLog"),
    Allowed("core/records/drills.py", "told", "a key of a drill's report, which programs read"),
    Allowed("tests/*/test_drill*.py", "told", "a key of a drill's report"),
    Allowed("tests/core/test_compatibility.py", "told", "a key of a drill's report"),
    Allowed("core/model/suspicion/calibration.py", "strange", "a key of suspicion.safetensors"),
    Allowed("tests/*/test_calibration.py", "strange", "a key of suspicion.safetensors"),
    Allowed("pages/*", "cell", "Streamlit's grid.cell"),
)


@dataclass(frozen=True)
class Hit:
    """A replaced word at a line of a file."""

    path: str
    line: int
    found: str
    better: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.found!r} -> {self.better}"


# What follows `/` or `?`, or goes before `=` or `.name`, is part of an address or of code.
_PROSE = [
    (re.compile(rf"(?<![/?])\b({pattern})\b(?!=|\.[a-z_])", re.IGNORECASE), better)
    for pattern, better in PROSE.items()
]
_NAMES = [
    (re.compile(rf"(?<![a-z])({'|'.join(words.split())})(?![a-z])"), better)
    for words, better in NAMES.items()
]
_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE_SPAN = re.compile(r"`[^`\n]*`|https?://\S+|\]\([^)]*\)|\blog\.\w+|[?&]\w+=")
_FIELDS = re.compile(r"\{[^{}]*\}")  # of an f-string: names, and those are checked apart
_PARAMETERS = re.compile(r"^ +\*{0,2}\w+(, \*{0,2}\w+)*$", re.MULTILINE)  # of a NumPy docstring


def in_prose(text: str) -> Iterator[tuple[int, str, str]]:
    """(offset, word, replacement) of each replaced word; code and names in a text are no prose."""
    blank = text
    for code in (_CODE_SPAN, _FIELDS, _PARAMETERS):
        blank = code.sub(lambda match: " " * len(match[0]), blank)
    for pattern, better in _PROSE:
        for match in pattern.finditer(blank):
            yield match.start(), match[0], better


def in_name(name: str) -> Iterator[tuple[str, str]]:
    """(word, replacement) of each replaced word of `snake_case` or `CamelCase`."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    for pattern, better in _NAMES:
        for match in pattern.finditer(snake):
            yield match[0], better


def in_code(path: str, text: str) -> Iterator[Hit]:
    """Replaced words in names, strings and comments of a module."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            for word, better in in_name(token.string):
                yield Hit(path, token.start[0], word, better)
        elif token.type in (tokenize.STRING, tokenize.COMMENT):
            for offset, word, better in in_prose(token.string):
                yield Hit(path, token.start[0] + token.string.count("\n", 0, offset), word, better)


def in_document(path: str, text: str) -> Iterator[Hit]:
    """Replaced words in the prose of a Markdown file, blocks of code left out."""
    prose = re.sub(
        r"^```.*?^```", lambda match: "\n" * match[0].count("\n"), text, flags=re.M | re.S
    )
    for offset, word, better in in_prose(prose):
        yield Hit(path, prose.count("\n", 0, offset) + 1, word, better)


def hits() -> Iterator[Hit]:
    """Every replaced word of the project that is not allowed where it stands."""
    for patterns, search in ((CODE, in_code), (TEXTS, in_document)):
        for file in sorted({file for pattern in patterns for file in ROOT.glob(pattern)}):
            path = str(file.relative_to(ROOT))
            for hit in search(path, file.read_text()):
                if not any(
                    fnmatch(path, each.path) and fnmatch(hit.found.lower(), each.found)
                    for each in ALLOWED
                ):
                    yield hit


def main() -> None:
    """Print every hit."""
    found = [hit for hit in hits() if len(sys.argv) < 2 or fnmatch(hit.path, sys.argv[1])]
    for hit in found:
        print(hit)
    print(f"{len(found)} replaced words")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
