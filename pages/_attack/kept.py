"""Results that stay while settings are tried: what they were made of, in words where it differs."""

from collections.abc import Sequence

import streamlit as st

from core.records.attacks import LEVELS, AttackPlan
from core.records.plain_text import Markdown, plain
from core.services import ImageFile, Lab
from pages._shared.job import ATTACKS

BUTTONS = {"one": "Attack", "compare": "Compare", "many": "Attack"}


def remember(mode: str, plans: Sequence[AttackPlan], images: Sequence[ImageFile]) -> None:
    """What the job that begins now is about."""
    st.session_state[_key(mode)] = list(plans), [each.sha256 for each in images]


def results_of(mode: str, plans: Sequence[AttackPlan], images: Sequence[ImageFile]) -> list | None:
    """What the last attack of that mode came to; says so where the page shows other settings.

    None if there is none, or if the one image is another by now.
    """
    results = ATTACKS.results().get(mode)
    made, of = st.session_state.get(_key(mode), (None, None))
    own = of == [each.sha256 for each in images]
    if not results or not (own or mode == "many"):
        return None
    if not own or made != list(plans):
        st.info(_difference(mode, made, plans, own), icon=":material/history:")
    return results


def made_with(plan: AttackPlan) -> Markdown:
    """`with PGD, budget 8/255`."""
    info = Lab.info(plan.attack)
    if plan.epsilon is None:
        return f"with **{info.title}**"
    size = f"{plan.epsilon * LEVELS:.0f}/{LEVELS}" if info.norm == "linf" else f"{plan.epsilon:g}"
    return f"with **{info.title}**, budget {size}"


def _difference(
    mode: str, made: Sequence[AttackPlan], plans: Sequence[AttackPlan], own: bool
) -> Markdown:
    press = f"press **{BUTTONS[mode]}**"
    if not own:
        return f"Result of other images; {press} for those chosen now."
    if len(made) == len(plans) == 1:
        return f"Result {_whole(made[0])}; {press} for one {_whole(plans[0])}."
    return f"Result with other settings; {press} for those chosen now."


def _whole(plan: AttackPlan) -> Markdown:
    """A plan with all that can be set."""
    text = f"{made_with(plan)}, goal {plain(plan.goal)}"
    if plan.steps is not None:
        text += f", at most {plan.steps:d} steps"
    if plan.persistent:
        text += ", going on after the first success"
    return text + (f", seed {plan.seed:d}" if plan.seed else "")


def _key(mode: str) -> str:
    return f"attack_{mode}_of"
