"""The outcome of triage: the precision of the flag, and a level for it."""

import streamlit as st

from core.records.plain_text import message, plain
from pages._shared.user import current


def show_popover() -> None:
    """Behind a button, and computed when it is opened."""
    popover = st.popover(
        "Outcome", icon=":material/insights:", key="triage_outcome", on_change="rerun"
    )
    if popover.open:
        with popover:
            _show()


def _show() -> None:
    share = st.slider(
        "Of the flags, this many should be right, %", 5, 95, 50, step=5, key="triage_worth"
    )
    outcome = current().triage.outcome(worth=share / 100)
    found, suggestion = outcome.precision, outcome.suggestion
    if found.share is None:
        st.markdown("**Precision of the flag**: not computed. No flagged prediction has a verdict.")
    else:
        st.metric(
            "Flags that were right",
            f"{found.share.mean:.1%}",
            f"{found.right:,} of {found.reviewed:,} reviewed",
            delta_color="off",
            delta_arrow="off",
        )
        st.markdown(
            f"95 % interval {plain(found.share.within())}"
            + (f" · {found.unclear:,} unreadable" if found.unclear else "")
        )
    st.markdown(
        f"**Level of the flag**, now {outcome.alpha:g}. Suggested: {message(suggestion.sentence)}."
    )
    if suggestion.alpha is not None and suggestion.alpha != outcome.alpha:
        st.markdown(f"To use it, start with `SIGNWATCH_ALPHA={suggestion.alpha:.2g}`.")
    st.caption(
        "Reviewed flags only. The most suspicious come first, so the true precision is probably "
        "lower. Flags of one group count together: they mostly show one sign."
    )
