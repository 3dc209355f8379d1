"""Tooltips of charts stay open while the charts move on.

Streamlit gives a chart its new values as a whole, which closes its tooltip. Where the pointer still
rests on the chart, this reports it again, before the browser paints.
"""

import streamlit as st

_KEEP = """
export default function () {
  let last = null;
  const remember = (event) => {
    if (!event.isTrusted) return;
    last = event.target.tagName === "CANVAS" ? event : null;
  };
  const repeat = (changes) => {
    if (!last || !last.target.isConnected) return;
    const chart = last.target.parentElement.parentElement;
    if (!changes.some((each) => each.removedNodes.length && chart.contains(each.target))) return;
    const { target, clientX, clientY } = last;
    target.dispatchEvent(
      new MouseEvent("mousemove", { bubbles: true, view: window, clientX, clientY }),
    );
  };
  const removals = new MutationObserver(repeat);
  removals.observe(document.body, { childList: true, subtree: true });
  document.addEventListener("mousemove", remember, true);
  return () => {
    removals.disconnect();
    document.removeEventListener("mousemove", remember, true);
  };
}
"""
_component = st.components.v2.component("signwatch_pointer", js=_KEEP)


def keep_tooltips() -> None:
    """For all charts of the page."""
    _component(key="pointer", height=0)
