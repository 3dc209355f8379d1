"""What was imported: files with the counts of their lines, and lines that could not be read."""

import streamlit as st

from core.records.plain_text import table_field
from pages._shared.user import current

PAGE = 25
LONGEST_LINE = 500
NOTHING = (
    "`python -m core captures import DIR` reads the capture files of an existing SageMaker "
    "endpoint; they are listed here with every line that could not be read."
)


def show() -> None:
    """Both lists, or what to do to fill them."""
    captures = current().captures
    files, unreadable = captures.count_imported_files(), captures.count_unreadable_lines()
    if not files and not unreadable:
        st.info(NOTHING, icon=":material/upload_file:", title="Nothing imported yet")
        return
    _show_files(files)
    _show_unreadable(unreadable)


def _show_files(count: int) -> None:
    st.subheader("Imported files")
    shown = current().captures.imported_files(limit=PAGE)
    st.caption(f"{count:,} in all" + (f", the {PAGE} read last" if count > PAGE else ""))
    st.dataframe(
        [
            {
                "file": table_field(file.path),
                "lines": file.lines,
                "stored": file.stored,
                "repeated": file.repeated,
                "unreadable": file.unreadable,
                "ground truth": file.ground_truth,
                "imported (UTC)": file.imported_at,
            }
            for file in shown
        ],
        column_config={
            "imported (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss")
        },
        hide_index=True,
        alt="Imported files",
    )


def _show_unreadable(count: int) -> None:
    st.subheader("Unreadable lines")
    if not count:
        st.success("Every imported line could be read.", icon=":material/check_circle:")
        return
    passed = st.session_state.setdefault("unreadable_passed", [])  # the last line of each page
    lines = current().captures.unreadable_lines(limit=PAGE, after=passed[-1] if passed else None)
    first = len(passed) * PAGE + 1
    st.caption(f"{first:,} to {first + len(lines) - 1:,} of {count:,} lines")
    st.dataframe(
        [
            {
                "file": table_field(line.path),
                "line": line.line,
                "reason": table_field(line.reason),
                "text": table_field(line.content[:LONGEST_LINE]),
            }
            for line in lines
        ],
        hide_index=True,
        alt="Lines that could not be read",
    )
    with st.container(horizontal=True):
        if st.button("Lines before", disabled=not passed, icon=":material/chevron_left:"):
            passed.pop()
            st.rerun()
        if st.button(
            "Lines after", disabled=first + len(lines) > count, icon=":material/chevron_right:"
        ):
            passed.append(lines[-1])
            st.rerun()
