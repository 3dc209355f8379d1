"""The outcome of every rule on one window: state, parameter, and a plain sentence."""

import streamlit as st

from core.records.drills import DRILL_RULE
from core.records.monitoring import Execution, Outcome, RuleState
from core.records.plain_text import message, plain
from pages._shared.user import current

BADGES = {
    RuleState.HOLDS: (":material/check:", "green"),
    RuleState.VIOLATED: (":material/warning:", "red"),
    RuleState.NOT_COMPUTED: (":material/help:", "gray"),
}


def show(execution: Execution) -> None:
    """The rules that decide, then those that stand beside them for comparison."""
    st.subheader("Rules")
    if not execution.outcomes:
        st.caption("This run is from an earlier version, which kept violations only.")
        return
    deciding = [outcome for outcome in execution.outcomes if outcome.decides]
    beside = [
        outcome
        for outcome in execution.outcomes
        if not outcome.decides and outcome.rule != DRILL_RULE
    ]
    for outcome in deciding:
        row(outcome)
    if beside:
        with st.expander("For comparison: rules that do not decide the status"):
            for outcome in beside:
                row(outcome)


def row(outcome: Outcome) -> None:
    """One rule: how it came out, its parameter, what it says."""
    rule = current().monitoring.rules[outcome.rule]
    icon, colour = BADGES[outcome.state]
    state, words = st.columns([1, 5])
    with state:
        st.badge(plain(outcome.state.value.capitalize()), icon=icon, color=colour)
    with words:
        st.markdown(
            f"**{plain(outcome.rule)}** · {rule.parameter} {outcome.threshold:,g}  \n"
            f"{message(outcome.sentence)}"
        )
        st.caption(rule.explanation)
