"""Scrolling to a part of the page when another thing is opened in it.

A link from a page to itself keeps the place that the browser is scrolled to.
"""

import streamlit as st

from pages._shared import visits

_SCROLL = """
let done = 0;

export default function ({ data }) {
  if (data.turn === done) return;
  done = data.turn;
  const part = document.querySelector(`.st-key-${data.part}`);
  const header = document.querySelector("[data-testid=stHeader]"); // lies over what scrolls
  const show = () => {
    part?.scrollIntoView({ block: "start" });
    part?.closest("[data-testid=stMain]")?.scrollBy(0, -(header?.offsetHeight ?? 0));
  };
  show();
  const timer = setTimeout(show, 300); // once charts have their height
  return () => clearTimeout(timer);
}
"""
_component = st.components.v2.component("signwatch_scroll", js=_SCROLL)


def to(part: str, opened: str) -> None:
    """Scroll to the container of that key, if another thing was open in this visit before."""
    key = f"scroll_{part}"
    visit = visits.current()
    known, before, turn = st.session_state.get(key, (visit, opened, 0))
    if known == visit and before != opened:
        turn += 1
    st.session_state[key] = visit, opened, turn
    _component(data={"part": part, "turn": turn}, key=f"{key}_component", height=0)


def closed(part: str) -> None:
    """Nothing is open there: what is opened next is scrolled to."""
    _, _, turn = st.session_state.get(f"scroll_{part}", (0, "", 0))
    st.session_state[f"scroll_{part}"] = visits.current(), "", turn
