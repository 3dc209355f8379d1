"""Keys: those that the page acts on, those that go to a field, and a legend of both.

A field gives the keyboard back with Enter or Escape, so that letters are keys again.

Keys arrive as a numbered list of the latest, and not each as an event: of events that come while a
page begins to be drawn, Streamlit drops all but the last. Buttons still show their key with
`shortcut`; it is taken here before it reaches them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import streamlit as st

from core.records.plain_text import plain

_LISTEN = """
const MOST = 50;
let count = 0;
let presses = [];

export default function ({ data, setStateValue }) {
  const typing = (node) =>
    node && (node.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(node.tagName));
  const field = (name) => document.querySelector(`.st-key-${name} input`);
  const listen = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.composedPath()[0];
    if (typing(target)) {
      const ours = Object.values(data.fields).some((name) => field(name) === target);
      if (ours && ["Enter", "Escape"].includes(event.key)) setTimeout(() => target.blur(), 0);
      return;
    }
    const key = (event.shiftKey ? "Shift+" : "") + event.key.toUpperCase();
    const found = field(data.fields[key]);
    if (found) {
      event.preventDefault();
      found.focus();
    } else if (data.keys.includes(key)) {
      event.preventDefault();
      event.stopPropagation();
      if (event.repeat) return;
      count += 1;
      presses = [...presses, [count, key, data.place]].slice(-MOST);
      setStateValue("presses", presses);
    }
  };
  window.signwatchKeys?.();
  window.addEventListener("keydown", listen, true);
  const stop = () => window.removeEventListener("keydown", listen, true);
  window.signwatchKeys = stop;
  return stop;
}
"""
_component = st.components.v2.component("signwatch_keys", js=_LISTEN)
_NAME = "pressed_keys"


@dataclass(frozen=True)
class Press:
    """A key that was pressed. number: grows with each; place: what the page was about then."""

    number: int
    key: str
    place: str


def pressed() -> list[Press]:
    """The latest keys, in their order; those that were acted on before are among them."""
    state = st.session_state.get(_NAME) or {}
    return [Press(*each) for each in state.get("presses") or () if _is_press(each)]


def _is_press(value: object) -> bool:
    match value:
        case [int(), str(), str()]:
            return True
    return False


def listen(keys: Collection[str], fields: Mapping[str, str], *, place: str) -> None:
    """Keys that `pressed` returns, and those that go to a field.

    fields: a letter -> the key of the container that the field is in.
    """
    _component(
        data={"keys": sorted(keys), "fields": dict(fields), "place": place},
        key=_NAME,
        height=0,
        on_presses_change=lambda: None,
    )


def legend(keys: Mapping[str, str]) -> None:
    """What each key does, small: key -> words."""
    st.caption(" · ".join(f"`{plain(key)}` {plain(words)}" for key, words in keys.items()))
