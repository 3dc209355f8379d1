"""What is kept of a run beside its outcome: unreadable records, log, violations file."""

import json

import streamlit as st

from core.records.execution_log import ExecutionLog
from core.records.monitoring import Execution, ExecutionStatus
from core.records.plain_text import table_field, visible
from pages._shared.user import current


def show(execution: Execution) -> None:
    """Nothing while it is under way: all of it is kept with its end."""
    if execution.status is ExecutionStatus.IN_PROGRESS:
        return
    log = current().monitoring.execution_log(execution.execution_id)
    if log is None:
        st.caption("This run is from an earlier version, which kept no log.")
    else:
        _unreadable(execution, log)
        with st.expander("Log", icon=":material/receipt_long:"):
            st.code("\n".join(map(visible, log.lines)), language=None, wrap_lines=True)
    st.download_button(
        "constraint_violations.json",
        json.dumps(execution.constraint_violations(), indent=2),
        "constraint_violations.json",
        "application/json",
        icon=":material/download:",
    )


def _unreadable(execution: Execution, log: ExecutionLog) -> None:
    if not log.unreadable:
        return
    total = execution.figures.unreadable if execution.figures else len(log.unreadable)
    kept = f", here the first {len(log.unreadable)}" if total > len(log.unreadable) else ""
    st.subheader(f"Records that could not be read: {total:,}{kept}")
    st.dataframe(
        [
            {
                "at": record.inferred_at,
                "reason": table_field(record.reason),
                "file": record.path and table_field(record.path),
                "line": record.line,
                "begins with": table_field(record.content),
            }
            for record in log.unreadable
        ],
        column_config={"at": st.column_config.DatetimeColumn("at (UTC)", timezone="UTC")},
        hide_index=True,
        alt="Records that could not be read",
    )
