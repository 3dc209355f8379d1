"""One execution in full."""

import json
from collections.abc import Mapping

import streamlit as st

from core import figures
from core.errors import SignwatchError
from core.labels import class_name
from core.monitor.distances import furthest_class
from core.sagemaker import constraint_violations
from core.services import current
from core.types import Execution, ExecutionStatus
from pages import _monitor_quality, _monitor_rules
from pages import _parts as parts


def show(execution: Execution) -> None:
    """One execution in full: message, rules, chart, counts, violations."""
    shown = {
        ExecutionStatus.COMPLETED: st.success,
        ExecutionStatus.COMPLETED_WITH_VIOLATIONS: st.error,
        ExecutionStatus.FAILED: st.warning,
    }[execution.status]
    shown(execution.message)
    st.caption(
        f"Window {execution.window.start:%Y-%m-%d %H:%M:%S} to {execution.window.end:%H:%M:%S} UTC"
        f" · threshold {execution.threshold:.0%} · {execution.trigger} · "
        f"took {(execution.ended_at - execution.started_at).total_seconds() * 1000:.0f} ms"
    )
    _monitor_rules.show(execution)
    found = execution.figures
    if found.total == 0:
        return
    with st.grid(4):
        st.metric("Predictions", f"{found.total:,}", border=True,
                  help=f"{found.unreadable:,} of them unreadable")  # fmt: skip
        st.metric("Mean confidence", parts.computed(found.mean_confidence, ".1%"), border=True)
        st.metric("Low confidence", parts.computed(found.low_confidence, ","), border=True)
        st.metric("Flagged", parts.computed(found.flagged, ","), border=True)
    usual = _usual(execution)
    if usual and found.counts:
        _furthest(found.counts, usual)
    st.plotly_chart(
        figures.class_frequencies(found, execution.threshold, baseline=usual, height=300),
        key="execution_chart", config={"displayModeBar": False},
        alt="Share of predictions by class in this execution, and in its baseline",
    )  # fmt: skip
    left, right = st.columns(2)
    with left:
        st.markdown("**Counts per class**")
        st.dataframe(
            [{"class": class_name(k), "predictions": found.counts[k], "share": share}
             for k, share in found.shares().items()],
            column_config={"share": st.column_config.ProgressColumn(format="percent")},
            hide_index=True, height=260, alt="Counts per class",
        )  # fmt: skip
    with right:
        st.markdown("**Violations**")
        if execution.violations:
            st.dataframe([vars(violation) for violation in execution.violations],
                         hide_index=True, alt="Violations")  # fmt: skip
        else:
            st.markdown("None.")
        st.download_button(
            "constraint_violations.json",
            json.dumps(constraint_violations(execution.violations), indent=2),
            "constraint_violations.json", "application/json", icon=":material/download:",
        )  # fmt: skip
    _monitor_quality.show(execution)


def _furthest(counts: Mapping[int, int], usual: Mapping[int, int]) -> None:
    """The class that the distances from the baseline are about, in words."""
    class_id = furthest_class(counts, usual)
    share, before = (n.get(class_id, 0) / sum(n.values()) for n in (counts, usual))
    st.markdown(f"Furthest from the baseline: **{class_name(class_id)}**, {share:.1%} of the "
                f"window and {before:.1%} of the baseline.")  # fmt: skip


def _usual(execution: Execution) -> Mapping[int, int] | None:
    """The counts of the baseline that it was compared with; None where there was none."""
    if execution.baseline_id is None:
        return None
    try:
        return current().baselines.counts(execution.baseline_id)
    except SignwatchError:
        return None  # its outcomes say why
