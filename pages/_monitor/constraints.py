"""The constraints of the baseline in force: edited, previewed, and kept as a new baseline."""

import streamlit as st

from core.records.analysts import Permission
from core.records.backtest import Preview
from core.records.baselines import COMPARISON_METHODS, NO_COMPARISON, ConstraintSettings
from core.services import InForce
from pages._shared import parts, user
from pages._shared.user import current


def show(found: InForce) -> None:
    """The values, and once one is changed, its alarms and the button that keeps it."""
    before = found.settings
    edited = _edited(before, found.stored.baseline_id)
    if edited == before:
        st.caption("Change a value to see its alarms in the latest windows.")
        return
    with parts.errors_shown():
        _preview(current().monitoring.backtest.preview(edited))
    if st.button(
        "Save as a new baseline and use it",
        type="primary",
        key="constraints_save",
        icon=":material/save:",
        **user.control(Permission.BASELINES),
    ):
        with parts.errors_shown():
            current().monitoring.baselines.edit(edited)
            st.toast("The edited constraints are in force.", icon=":material/check_circle:")
            st.rerun()
    st.caption(
        "Keeps the statistics; these constraints go to `constraints.json` (Baseline, Files). "
        "The baseline before stays in the list."
    )


def _edited(before: ConstraintSettings, baseline_id: str) -> ConstraintSettings:
    """The values as they stand in the fields; another baseline has fresh ones."""

    def share(column, rule: str, value: float, name: str) -> float:
        description = current().monitoring.rules[rule]
        return column.number_input(
            description.parameter.capitalize(),
            0.0,
            1.0,
            value,
            step=0.01,
            format="%.3f",
            key=f"constraints_{name}_{baseline_id}",
            help=f"{description.explanation} 0: not checked.",
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
        COMPARISON_METHODS,
        COMPARISON_METHODS.index(before.method),
        key=f"constraints_method_{baseline_id}",
        format_func=lambda name: "nothing" if name == NO_COMPARISON else name,
    )
    comparison = before.comparison
    if method != NO_COMPARISON:
        comparison = share(right, method, before.comparison, "drift")
    left, right = st.columns(2)
    completeness = share(left, "completeness_check", before.completeness, "completeness")
    known = share(right, "categorical_values_check", before.known, "known")
    return ConstraintSettings(evaluate, method, comparison, completeness, known)


def _preview(found: Preview) -> None:
    """Alarms in the latest windows, before and after the edit."""
    windows = found.past.windows
    before, after = len(found.before), len(found.after)
    minutes = windows.length.total_seconds() / 60
    left, right = st.columns(2)
    left.metric("Alarms now", f"{before:,}", border=True)
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
    for words, ends in (("New alarms", new), ("Alarms that disappear", gone)):
        if ends:
            more = f" and {len(ends) - 5} more" if len(ends) > 5 else ""
            st.markdown(f"{words} in the windows until {', '.join(ends[:5])}{more} UTC.")
