"""What decides of the baseline in force: edited, with the consequences, and kept as a new one."""

import streamlit as st

from core.monitoring.backtest import Preview
from core.monitoring.baselines import InForce
from core.monitoring.formats.constraints_edit import COMPARISONS, METHODS, NONE, Deciding
from core.monitoring.rules.window import CategoricalValues, Completeness
from core.services import current
from pages._shared import parts


def show(found: InForce) -> None:
    """A part of the baseline's box, closed until somebody edits."""
    with st.expander("Edit what decides", icon=":material/tune:"):
        before = Deciding.of(found.constraints)
        edited = _edited(before, found.stored.baseline_id)
        if edited == before:
            st.caption("Change a value to see what it would have done to the latest windows.")
            return
        with parts.errors_shown():
            _preview(current().what_if.preview(edited))
        if st.button(
            "Save as a new baseline and use it",
            type="primary",
            key="constraints_save",
            icon=":material/save:",
        ):
            with parts.errors_shown():
                current().baselines.edit(edited)
                st.toast("The edited constraints are in force.", icon=":material/check_circle:")
                st.rerun()
        st.caption(
            "The same statistics with these constraints, in `constraints.json` under Files. "
            "The one before stays among the baselines."
        )


def _edited(before: Deciding, baseline_id: str) -> Deciding:
    """The values as they stand in the fields; another baseline has fresh ones."""

    def share(column, label: str, value: float, name: str, why: str) -> float:
        return column.number_input(
            label.capitalize(),
            0.0,
            1.0,
            value,
            step=0.01,
            format="%.3f",
            key=f"constraints_{name}_{baseline_id}",
            help=f"{why} 0: not checked.",
        )

    evaluate = st.toggle(
        "Evaluate constraints",
        before.evaluate,
        key=f"constraints_evaluate_{baseline_id}",
        help="Off: the class share alone decides.",
    )
    left, right = st.columns([2, 1])
    method = left.selectbox(
        "Compared with the baseline by",
        list(METHODS),
        list(METHODS).index(before.method),
        key=f"constraints_method_{baseline_id}",
        format_func=lambda name: "nothing" if name == NONE else name,
    )
    comparison = before.comparison
    if method != NONE:
        rule = COMPARISONS[method]
        comparison = share(right, rule.parameter, before.comparison, "drift", rule.explanation)
    left, right = st.columns(2)
    completeness = share(
        left, Completeness.parameter, before.completeness, "completeness", Completeness.explanation
    )
    known = share(
        right, CategoricalValues.parameter, before.known, "known", CategoricalValues.explanation
    )
    return Deciding(evaluate, method, comparison, completeness, known)


def _preview(found: Preview) -> None:
    """Alarms in the latest windows, as it is and as it would be."""
    windows = found.past.windows
    before, after = len(found.before), len(found.after)
    minutes = windows.length.total_seconds() / 60
    left, right = st.columns(2)
    left.metric("Alarms as it is", f"{before:,}", border=True)
    right.metric(
        "Alarms with these constraints",
        f"{after:,}",
        after - before or None,
        delta_color="off",
        border=True,
    )
    held = sum(each.total > 0 for each in found.past.figures)
    gone, new = (
        [f"{windows.ends[k]:%m-%d %H:%M}" for k in sorted(set(a) - set(b))]
        for a, b in ((found.before, found.after), (found.after, found.before))
    )
    st.caption(
        f"In the latest {len(windows)} windows of {minutes:g} minutes, {held} of them with "
        f"traffic, until {windows.end:%Y-%m-%d %H:%M} UTC."
    )
    for words, ends in (("New alarms", new), ("No alarms any more", gone)):
        if ends:
            more = f" and {len(ends) - 5} more" if len(ends) > 5 else ""
            st.markdown(f"{words} in the windows until {', '.join(ends[:5])}{more} UTC.")
