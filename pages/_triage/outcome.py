"""What the verdicts say of the flag: how often it was right, and which level would serve."""

import streamlit as st

from core.services import current
from core.triage import outcome


def show_popover() -> None:
    """Behind a button, and computed when it is opened."""
    popover = st.popover(
        "Outcome", icon=":material/insights:", key="triage_outcome", on_change="rerun"
    )
    if popover.open:
        with popover:
            _show()


def _show() -> None:
    desk = current().desk
    judged = desk.judged()
    found = outcome.precision(judged)
    if found.share is None:
        st.markdown(
            "**Precision of the flag**: not computed, as no flagged prediction has a "
            "verdict that tells."
        )
    else:
        st.metric(
            "Flags that were right",
            f"{found.share.mean:.1%}",
            f"{found.right:,} of {found.looked_at:,} that were looked at",
            delta_color="off",
            delta_arrow="off",
        )
        st.markdown(
            f"95 % interval {found.share.low:.1%} to {found.share.high:.1%}"
            + (f" · {found.unclear:,} unreadable" if found.unclear else "")
        )
    alpha = current().model.alpha
    share = st.slider(
        "Of the flags, this many should be right, %", 5, 95, 50, step=5, key="triage_worth"
    )
    suggestion = outcome.suggest(judged, alpha=alpha, worth=share / 100)
    st.markdown(f"**Level of the flag**, now {alpha:g}. Suggested: {suggestion.sentence}.")
    if suggestion.alpha is not None and suggestion.alpha != alpha:
        st.markdown(f"To use it, start with `SIGNWATCH_ALPHA={suggestion.alpha:.2g}`.")
    st.caption(
        "Only what somebody looked at counts, and the most suspicious are looked at first: of all "
        "flags, fewer may be right. The interval takes verdicts as independent; frames of one "
        "sign are not, so it is rather too narrow. What was never flagged does not appear here."
    )
