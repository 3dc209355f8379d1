"""What the Explain page shows, as an address carries it: images or sheet, maps, view settings.

An address comes from anywhere. What cannot be read is reported and left out; the rest counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import streamlit as st

from core.errors import BadInput
from core.labels import all_labels
from core.plots import COLOUR_MAPS
from core.records.explanations import DEFAULT_METHOD, MOST_TILES, Circle, Style
from core.records.monitoring import Execution
from core.records.plain_text import message
from core.records.window import Window
from core.services import Explanations
from pages._shared import address as _address
from pages._shared import choices

KINDS = {"all": "All", "suspect": "Adversarial or flagged", "other": "The others"}
MAPS = {
    "own": "Each prediction",
    "predicted": "Predicted class",
    "true": "True class",
    "both": "Both classes",
    "other": "Another class",
}
SOURCES = ("capture", "lab", "own")
MOST_MINUTES = 525_600  # a year
FEWEST = 6
PREFIX = "explain_"
_PUBLIC = {"class_id": "class"}  # a field's name in the address, where that is another one
_PRIVATE = {public: name for name, public in _PUBLIC.items()}


@dataclass(frozen=True)
class ExplainLink:
    """One state of the page; fields are named as in the address, but for class_id (`class`).

    sheet: one of KINDS, None: a pair. source: where the pair is from. class_id: of the sheet
    (None: all), or the other class to be explained. minutes: of the sheet, until now; since, until:
    instead of them. x, y, radius: the circle, in %; opacity in %.
    """

    sheet: str | None = None
    capture: str | None = None
    source: str | None = None
    maps: str | None = None
    class_id: int | None = None
    method: str = DEFAULT_METHOD
    colours: str = "inferno"
    opacity: int = 85
    x: int = 50
    y: int = 50
    radius: int = 40
    minutes: int = 60
    since: datetime | None = None
    until: datetime | None = None
    endpoint: str | None = None
    count: int = 24

    @staticmethod
    def read(address: Mapping[str, str]) -> tuple[ExplainLink, list[str]]:
        """The state of an address, and what of it could not be read."""
        found, problems = _address.read(address, READERS)
        values = {_PRIVATE.get(name, name): value for name, value in found.items()}
        if (values.get("since") is None) != (values.get("until") is None):
            problems.append("`since` and `until` in the address count together; both are left out")
            values |= {"since": None, "until": None}
        return ExplainLink(**values), problems

    def write(self) -> dict[str, str]:
        """The address's parameters; what has its default is missing."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            _PUBLIC.get(each.name, each.name): _address.written(values[each.name])
            for each in fields(self)
            if values[each.name] != each.default
        }

    @property
    def style(self) -> Style:
        """How maps are drawn."""
        circle = Circle(self.x / 100, self.y / 100, self.radius / 100)
        return Style(self.colours, self.opacity / 100, circle)


def to_violation(execution: Execution, class_id: int) -> dict[str, str]:
    """The address of the sheet of what was predicted as that class in the window of a run."""
    return to_class(execution.window, class_id)


def to_class(window: Window, class_id: int) -> dict[str, str]:
    """The address of the sheet of what was predicted as that class in a window."""
    return ExplainLink(
        sheet="all",
        class_id=class_id,
        since=window.start,
        until=window.end,
        endpoint=window.endpoint,
    ).write()


def follow() -> None:
    """Set the page's widgets to what the address asks for, if it is not what they show."""
    address = st.query_params.to_dict()
    shown = st.session_state
    if address == shown.get("explain_address") and f"{PREFIX}method" in shown:
        return
    link, problems = ExplainLink.read(address)
    for problem in problems:
        st.warning(message(problem), icon=":material/link_off:")
    for each in fields(link):
        shown[PREFIX + each.name] = getattr(link, each.name)
    shown["explain_view"] = "sheet" if link.sheet else "pair"
    shown["explain_sheet"] = link.sheet or "all"


def settle(name: str, options: Sequence[str]) -> None:
    """Show one of these, the first unless another is asked for; only that one is in the address."""
    st.session_state[f"{PREFIX}default_{name}"] = options[0]
    choices.settle(PREFIX + name, options)


def current_link() -> ExplainLink:
    """What the widgets show."""
    shown = st.session_state
    sheet = shown.get("explain_view") == "sheet"
    values = {
        each.name: shown.get(PREFIX + each.name, each.default) for each in fields(ExplainLink)
    }
    if not sheet:
        values |= dict.fromkeys(("sheet", "since", "until", "endpoint"))
        values |= {"minutes": ExplainLink.minutes, "count": ExplainLink.count}
        if values["maps"] != "other":
            values["class_id"] = None
        for name in ("source", "maps"):
            if values[name] == shown.get(f"{PREFIX}default_{name}"):
                values[name] = None
        if shown.get("explain_source") != "capture":
            values["capture"] = None
    else:
        values |= dict.fromkeys(("capture", "source", "maps"))
        values |= {name: getattr(ExplainLink, name) for name in ("x", "y", "radius")}
    return ExplainLink(**values)


def remember() -> None:
    """Let the address say what the page shows."""
    written, shown = current_link().write(), st.session_state
    # A link from this page to itself brings its parameters here without showing them in the
    # browser's address, so what changed is written even if it is what the parameters say.
    if written != shown.get("explain_address") or written != st.query_params.to_dict():
        st.query_params.from_dict(written)
    shown["explain_address"] = written


def _method(text: str) -> str:
    try:
        return Explanations.method(text).name
    except BadInput as error:
        raise BadInput(f"names an {error}") from None


READERS: dict[str, Callable[[str], Any]] = {
    "sheet": _address.one_of(*KINDS),
    "capture": _address.text,
    "source": _address.one_of(*SOURCES),
    "maps": _address.one_of(*MAPS),
    "class": _address.number(0, len(all_labels()) - 1),
    "method": _method,
    "colours": _address.one_of(*COLOUR_MAPS),
    "opacity": _address.number(0, 100),
    "x": _address.number(0, 100),
    "y": _address.number(0, 100),
    "radius": _address.number(1, 100),
    "minutes": _address.number(1, MOST_MINUTES),
    "since": _address.time,
    "until": _address.time,
    "endpoint": _address.text,
    "count": _address.number(FEWEST, MOST_TILES),
}
