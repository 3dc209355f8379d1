"""What every rule said of one window: state, figure beside its parameter, and plain sentences."""

import streamlit as st

from core.monitor.window_rules import WINDOW_RULES
from core.types import Execution, Outcome, RuleState

BADGES = {
    RuleState.HOLDS: (":material/check:", "green"),
    RuleState.VIOLATED: (":material/warning:", "red"),
    RuleState.NOT_COMPUTED: (":material/help:", "gray"),
}


def show(execution: Execution) -> None:
    """The rules that decide, then those that stand beside them for comparison."""
    st.markdown("**Rules**")
    if not execution.outcomes:
        st.caption("This execution is of an earlier version, which kept the violations alone.")
        return
    deciding = [outcome for outcome in execution.outcomes if outcome.decides]
    beside = [outcome for outcome in execution.outcomes if not outcome.decides]
    for outcome in deciding:
        _row(outcome)
    if beside:
        with st.expander("For comparison: rules that do not decide the status"):
            for outcome in beside:
                _row(outcome)


def _row(outcome: Outcome) -> None:
    rule = WINDOW_RULES[outcome.rule]
    icon, colour = BADGES[outcome.state]
    state, words = st.columns([1, 5])
    with state:
        st.badge(outcome.state.value.capitalize(), icon=icon, color=colour)
    with words:
        st.markdown(f"**{outcome.rule}** · {rule.parameter} {outcome.threshold:g}  \n"
                    f"{outcome.sentence}")  # fmt: skip
        st.caption(rule.explanation)
