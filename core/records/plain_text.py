"""Words of strangers as plain text: what a place would take for its own markup is escaped.

Sources, file names, notes, ids, endpoint names, custom attributes and errors that quote them come
from anybody who can send a request. They pass one of these functions on their way to a reader.
"""

from __future__ import annotations

import html as _html
import re
import unicodedata
from typing import NewType

Markdown = NewType("Markdown", str)
"""Text that Streamlit may draw as Markdown: the program's own, with strangers' words escaped."""

LONGEST = 120  # characters of a stranger's word in a line of a page

# Categories of Unicode that nobody sees, or that turn the letters around them: control, format
# (bidi, zero width), surrogates, private, line and paragraph separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # letters that look empty

# What is markup wherever Markdown is.
_MARKUP = re.compile(
    r"""
      [\\`*\[\]~$|]
    | (?<![^\W_])_ | _(?![^\W_])  # snake_case needs none
    | & (?=[\#A-Za-z]) | & \Z
    | < (?=[A-Za-z/!?]) | < \Z
    | : (?![\s\d])               # :red[...], :name
    | \A [\#>+={(-] | ! \Z
    """,
    re.VERBOSE,
)
# What Streamlit replaces once escapes are gone: emoji, icons, addresses, arrows. Their first signs
# get spans of their own, so that the pattern is nowhere in one piece.
_REPLACED = re.compile(
    r"""
      :+ (?=(?!\d\d:)[\w+/-]+:)  # :smile:  :material/home:, but not 12:30:05
    | :* h (?=ttps?://) | :* w (?=ww\.)
    | (?<=[\w.+-]) @ (?=[\w-])
    | (?<!\S) (?: <-(?=>(?!\S)) | <(?=-(?!\S)) | [-><~](?=[->=](?!\S)) )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_EITHER = re.compile(f"(?P<replaced>{_REPLACED.pattern})|{_MARKUP.pattern}", re.X | re.I)
_NUMBERED = re.compile(r"\A(\d+)([.)])(?=\s|\Z)")
_CODE = re.compile("(?<!`)`([^`]*[^` ][^`]*)`(?!`)")
_FORMULA = re.compile("\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


def visible(text: str) -> str:
    r"""`text` with everything that cannot be seen as an escape.

    Examples
    --------
    >>> visible("cam 1\u202e\x07")
    'cam 1\\u202e\\x07'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        each.encode("unicode_escape").decode()
        if unicodedata.category(each) in _HIDDEN or each in _BLANK
        else each
        for each in text
    )


def plain(text: str) -> Markdown:
    r"""`text` so that Streamlit's Markdown draws these very words.

    Directives, emoji, icons, formulas, links, images and HTML are escaped; what is not seen is
    shown as `visible` does.

    Examples
    --------
    >>> print(plain("![s](http://example.org) *now* :red[x]"))
    !\[s\](:color[h]ttp\://example.org) \*now\* \:red\[x\]
    """
    return Markdown(_drawn(visible(text).strip(" ")))


def message(text: str) -> Markdown:
    """A sentence of the program, which may quote strangers: code between backticks stays code.

    Examples
    --------
    >>> print(message("`low` must be a number, got *x*"))
    `low` must be a number, got \\*x\\*
    """
    pieces = _CODE.split(visible(text))  # code is every other piece
    return Markdown("".join(f"`{p}`" if n % 2 else _drawn(p) for n, p in enumerate(pieces)))


def _drawn(text: str) -> str:
    return _NUMBERED.sub(r"\1\\\2", _EITHER.sub(_escaped, text))


def _escaped(match: re.Match[str]) -> str:
    if not match["replaced"]:
        return f"\\{match[0]}"
    return "".join(
        f":color[{sign}]" if sign.isalnum() else f":color[\\{sign}]" for sign in match[0]
    )


def short(text: str, most: int = LONGEST) -> str:
    """`text`, or its first characters and an ellipsis: `most` in all.

    Examples
    --------
    >>> short("a long name", 7)
    'a long…'
    """
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def html(text: str) -> str:
    """`text` for HTML, and for the texts of Plotly, which know some of it.

    Examples
    --------
    >>> html('<a href="x">14 Stop</a>')
    '&lt;a href=&quot;x&quot;&gt;14 Stop&lt;/a&gt;'
    """
    return _html.escape(visible(text))


def table_field(text: str) -> str:
    """`text` in a table of a page, which can be saved as CSV: no spreadsheet computes it.

    Examples
    --------
    >>> table_field("=1+2"), table_field("cam 1")
    ("'=1+2", 'cam 1')
    """
    shown = visible(text)
    return f"'{shown}" if _FORMULA.match(shown) else shown


def common_mark(text: str) -> str:
    """`text` in a document of Markdown as forges draw it.

    Examples
    --------
    >>> print(common_mark("![s](x) <b>"))
    !\\[s\\](x) \\<b>
    """
    return _NUMBERED.sub(r"\1\\\2", _MARKUP.sub(r"\\\g<0>", visible(text).strip(" ")))
