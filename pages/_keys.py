"""Keys: those that buttons answer to, those that go to a field, and a legend of both.

A field gives the keyboard back with Enter or Escape, so that letters are keys again.
"""

from collections.abc import Mapping

import streamlit as st

_LISTEN = """
export default function ({ data }) {
  const typing = (node) =>
    node && (node.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(node.tagName));
  const field = (name) => document.querySelector(`.st-key-${name} input`);
  const listen = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const target = event.composedPath()[0];
    if (typing(target)) {
      const ours = Object.values(data.fields).some((name) => field(name) === target);
      if (ours && ["Enter", "Escape"].includes(event.key)) setTimeout(() => target.blur(), 0);
      return;
    }
    const found = field(data.fields[event.key.toUpperCase()]);
    if (found) {
      event.preventDefault();
      found.focus();
    }
  };
  window.signwatchKeys?.();
  document.addEventListener("keydown", listen);
  const stop = () => document.removeEventListener("keydown", listen);
  window.signwatchKeys = stop;
  return stop;
}
"""
_component = st.components.v2.component("signwatch_keys", js=_LISTEN)


def go_to_fields(fields: Mapping[str, str]) -> None:
    """Keys that go to a field: a letter -> the key of the container that the field is in."""
    _component(data={"fields": dict(fields)}, key="field_keys", height=0)


def legend(keys: Mapping[str, str]) -> None:
    """What each key does, small: key -> words."""
    st.caption(" · ".join(f"`{key}` {words}" for key, words in keys.items()))
